"""Chapter 3 of "VAEs and principal components": whether decoders keep to their axes, and what that does for factors."""
