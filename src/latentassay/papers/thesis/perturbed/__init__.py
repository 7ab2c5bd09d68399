"""Chapter 4 of "VAEs and principal components": small changes of a data set that VAEs get lost in."""
