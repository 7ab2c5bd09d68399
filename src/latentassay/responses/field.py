"""The response field over two units, its divergence and mean curvature (LR 4.3, equations 9 and 12)."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import as_float_tensor, as_tensor, in_kind_of, like
from latentassay.core.autoencoder import Autoencoder, device_and_dtype, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.responses.derivatives import response_jacobian
from latentassay.responses.response import respond
from latentassay.sampling import BATCH_SIZE, as_latents


class ResponseField(NamedTuple):
    """F = R(z) − z on a regular grid over two scalar latents; arrays of the kind that the base was, torch without one.

    Attributes:
        xs: grid values of the first latent, ``(nx,)``; they run along dimension 1 of ``vectors``.
        ys: grid values of the second, ``(ny,)``; along dimension 0.
        vectors: the two components of F, ``(ny, nx, 2)``, in the units of the latents.
        latents: which two latents.
        bases: how many latents the other coordinates were averaged over (1: one fixed latent).
        jacobian: ``∂F_a/∂z_b`` at every point, ``(ny, nx, 2, 2)``, where the field was measured ``exact``.
    """

    xs: Float[Tensor, " nx"]
    ys: Float[Tensor, " ny"]
    vectors: Float[Tensor, "ny nx 2"]
    latents: tuple[int, int]
    bases: int
    jacobian: Float[Tensor, "ny nx 2 2"] | None = None

    @property
    def spacing(self) -> tuple[float, float]:
        """Distance between neighbouring grid points along x and y."""
        return float(self.xs[1] - self.xs[0]), float(self.ys[1] - self.ys[0])


def grid_latents(base: Tensor, latents: tuple[int, int], xs: Tensor, ys: Tensor) -> Tensor:
    """Place one latent ``(d,)`` at every grid point: ``(ny·nx, d)``, x varying fastest."""
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    z = base.expand(x.numel(), -1).clone()
    z[:, latents[0]], z[:, latents[1]] = x.flatten().to(z), y.flatten().to(z)
    return z


def response_field(
    model: Autoencoder,
    latents: tuple[int, int],
    *,
    base: Any = None,
    n: int = 100,
    extent: Any = (-3.0, 3.0),
    exact: bool = False,
    batch_size: int = BATCH_SIZE,
) -> ResponseField:
    """Measure where responses move to, ``F = R(z) − z``, on an n × n grid over two latents.

    Args:
        model: an autoencoder with vector latents.
        latents: the two latents that span the plane.
        base: where the other latents stay: ``(d,)`` for one latent, ``(K, d)`` for the mean field over K
            of them (posterior samples); the origin where left out.
        n: grid points along each axis.
        extent: ``(low, high)`` for both axes, or a pair of such pairs.
        exact: also measure derivatives by forward mode (about four times the cost), so that ``divergence`` and
            ``mean_curvature`` need no differences between grid points.

    Raises:
        InputError: spatial latents, the same latent twice or out of range, n below 3, a bad extent.
        ContractError: ``exact``, and the model leaves torch's differentiation.
    """
    shape = latent_shape_of(model)
    check_plane(shape, latents, n)
    xs, ys = axes_over(extent, n)
    bases = _bases(model, base)
    total, slopes = torch.zeros(n, n, 2, dtype=torch.float64), torch.zeros(n, n, 2, 2, dtype=torch.float64)
    for one in bases:
        z = grid_latents(one, latents, xs, ys)
        flow = (respond(model, z, batch_size=batch_size) - z)[:, list(latents)]
        total += flow.reshape(n, n, 2).cpu().double()
        if exact:
            slope = response_jacobian(model, z, latents=latents, batch_size=batch_size)
            slopes += slope.reshape(n, n, 2, 2).cpu().double() - torch.eye(2, dtype=torch.float64)
    found = ResponseField(
        xs=xs,
        ys=ys,
        vectors=total / len(bases),
        latents=latents,
        bases=len(bases),
        jacobian=slopes / len(bases) if exact else None,
    )
    return in_kind_of(found, base)


def _bases(model: Autoencoder, base: Any) -> Float[Tensor, "k d"]:
    if base is None:
        return torch.zeros(1, *latent_shape_of(model), dtype=device_and_dtype(model).dtype)
    bases = as_float_tensor(base, "base")
    return as_latents(model, bases if bases.ndim > 1 else bases[None])


def divergence(field: ResponseField) -> Any:
    """Return ∇·F on the plane, ``(ny, nx)`` of the kind that the field's arrays are.

    Exact where the field has its Jacobian, else central differences divided by the grid spacing (one-sided at the
    border).

    F points back to the manifold: negative where responses flow together, that is, where the decoder is
    sure of what it decodes; positive on the boundaries between such regions.
    """
    jacobian = None if field.jacobian is None else as_tensor(field.jacobian, "jacobian")
    return like(_divergence(field, as_tensor(field.vectors, "vectors"), jacobian), field.vectors)


def _divergence(field: ResponseField, vectors: Tensor, jacobian: Tensor | None) -> Float[Tensor, "ny nx"]:
    if jacobian is not None:
        return jacobian.diagonal(dim1=-2, dim2=-1).sum(-1)
    dx, dy = field.spacing
    along_x: Tensor = torch.gradient(vectors[..., 0], spacing=dx, dim=1)[0]
    along_y: Tensor = torch.gradient(vectors[..., 1], spacing=dy, dim=0)[0]
    return along_x + along_y


def mean_curvature(field: ResponseField) -> Any:
    """Return the mean curvature H = −½ ∇·(F/‖F‖) of the field, ``(ny, nx)`` of the kind that its arrays are.

    Vectors shorter than 1e-6 of the longest count as zero. With the field's Jacobian J it is exact:
    ``∇·u = (tr J − uᵀ J u)/‖F‖`` for the unit vectors u = F/‖F‖.

    Source: LR equation 12.
    """
    vectors = as_tensor(field.vectors, "vectors")
    length = vectors.norm(dim=-1, keepdim=True)
    flows = length > 1e-6 * float(length.max())
    unit = torch.where(flows, vectors / length.clamp(min=1e-300), 0.0)
    if field.jacobian is None:
        return like(-0.5 * _divergence(field, unit, None), field.vectors)
    jacobian = as_tensor(field.jacobian, "jacobian")
    along = torch.einsum("yxa,yxab,yxb->yx", unit, jacobian, unit)
    exact = -0.5 * (_divergence(field, vectors, jacobian) - along) / length[..., 0].clamp(min=1e-300)
    return like(torch.where(flows[..., 0], exact, 0.0), field.vectors)


def check_plane(shape: tuple[int, ...], latents: tuple[int, int], n: int) -> None:
    """Refuse a plane that these two latents do not span."""
    if len(shape) != 1:
        raise InputError(f"a response field needs vector latents, the model has {shape}")
    if len(set(latents)) != 2 or not all(0 <= latent < shape[0] for latent in latents):
        raise InputError(f"latents must be two different numbers in 0..{shape[0] - 1}, got {latents}")
    if n < 3:
        raise InputError(f"n must be at least 3 grid points for differences, got {n}")


def axes_over(extent: Any, n: int) -> tuple[Tensor, Tensor]:
    """Return n grid values along each axis of ``extent``: ``(low, high)``, or a pair of such pairs."""
    spans = torch.as_tensor(extent, dtype=torch.float64)
    spans = spans.expand(2, 2) if spans.ndim == 1 else spans
    if spans.shape != (2, 2) or not (spans[:, 0] < spans[:, 1]).all() or not torch.isfinite(spans).all():
        raise InputError(f"extent must be (low, high) or a pair of them with low < high, got {extent}")
    xs, ys = (torch.linspace(float(low), float(high), n, dtype=torch.float64) for low, high in spans)
    return xs, ys
