"""Which models of chapter 3 its tables and figures rest on, and how many seeds of each."""

from latentassay.papers.experiment import Options, pick_scale
from latentassay.papers.thesis.components.configurations import VARIANTS, ComponentsConfiguration
from latentassay.papers.thesis.components.scales import SCALES
from latentassay.papers.thesis.components.tasks import FILES, NAMES, PIXELS, SQUARES, TASKS

WIDE = 10
"""Latents of the second column of table 3.2."""


class ModelGroups:
    """Every model that the tables and figures rest on, a list of seeds for each.

    Attributes:
        scale: how much is trained and measured.
        main: data set and variant → the columns of table 3.3.
        wide: data set → its β-VAE of ``WIDE`` latents (table 3.2).
        ratios: ratio of the squares' factors → its β-VAE (table 3.4).
        line: data set and β → the line search (figure 3.7).

    Raises:
        InputError: an unknown scale, or no seeds.
    """

    def __init__(self, options: Options):
        self.scale, self._options, chosen = options.scale, options, pick_scale(SCALES, options.scale)
        self.main = {
            (name, variant): self._list_seeds(name, variant, self._choose_beta(name, variant))
            for name in TASKS
            if name not in SQUARES.values()
            for variant in VARIANTS
            if not self._is_left_out(name, variant)
        }
        self.wide = {
            name: self._list_seeds(name, "VAE" if name in PIXELS else "β-VAE", TASKS[name].beta, latents=WIDE, most=1)
            for name in NAMES
        }
        self.ratios = {ratio: self._list_seeds(name, "β-VAE", chosen.linear) for ratio, name in SQUARES.items()}
        self.line = {
            (name, beta): self._list_seeds(name, "β-VAE", beta, most=chosen.line if name != "dSprites" else 1)
            for name in ("dSprites", "Synth. Lin.", "Synth. Non-Lin.")
            for beta in TASKS[name].line
        }

    @staticmethod
    def _is_left_out(name: str, variant: str) -> bool:
        """Whether there is no such column.

        The thesis chooses β by DS, so there is no β-VAE without factors; VAEs of the squares collapse.
        """
        return variant == "β-VAE" if name in PIXELS else variant == "VAE" and name != "dSprites"

    def _choose_beta(self, name: str, variant: str) -> float:
        """Return β of a column of table 3.3; an autoencoder has none."""
        if variant in ("AE", "VAE"):
            return 0.0 if variant == "AE" else 1.0
        return pick_scale(SCALES, self.scale).linear if name == "Synth. Lin." else TASKS[name].beta

    def _list_seeds(
        self, name: str, variant: str, beta: float, *, latents: int | None = None, most: int | None = None
    ) -> list[ComponentsConfiguration]:
        scale = pick_scale(SCALES, self.scale).elsewhere.get(name, self.scale)
        first = ComponentsConfiguration(
            scale=scale,
            folder=self._options.folder,
            files=self._options.folder_of(FILES[name]) if name in FILES else None,
            data=name,
            variant=variant,
            beta=beta,
            seed=0,
            latents=latents or TASKS[name].latents,
        )
        usual = first.size.seeds
        count = min(self._options.count_seeds(usual), usual, most or usual)
        return [first._replace(seed=seed) for seed in range(count)]

    @property
    def all(self) -> list[ComponentsConfiguration]:
        """Every model once, quick ones first and the first seed of each before the second of any."""
        groups = (self.main, self.ratios, self.line, self.wide)
        once = dict.fromkeys(one for group in groups for own in group.values() for one in own)
        return sorted(once, key=lambda one: (one.data == "dSprites" or one.data in PIXELS, one.seed))
