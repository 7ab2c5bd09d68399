"""3D Shapes (Burgess and Kim, 2018) drawn anew: 480,000 images of an object on the floor of a coloured room.

Sizes, camera and light were fitted to 50 pictures of the original. Only 8·4·15 views differ in geometry: each is
ray-cast once, and an image is the sum of its floor, walls, object and sky, each in the brightness of its hue.

The codes of those pictures are not published with them, so which end of the orientations is −30° was assumed: codes
0 … 14 may run the other way round in the original, and its scales may be one step off.
"""

import colorsys
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from numpy.polynomial.polynomial import polyval2d

from latentassay.data.codes import check_codes
from latentassay.data.factors import FactorData
from latentassay.data.rendered import grid_data

NAMES = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
"""Of the factors, the last of which varies fastest."""

SIZES = (10, 10, 10, 8, 4, 15)
"""Number of values of every factor."""

Points = Float[np.ndarray, "n 3"]
Hit = tuple[Float[np.ndarray, " n"], Points]  # distance along the ray (infinite for a miss), surface normal

_SCALES = np.linspace(0.75, 1.25, 8)
_TURNS = np.deg2rad(np.linspace(-30, 30, 15))
_SKY_COLOUR = np.array([153, 226, 249])
# The channels of HSV(h, 1, 1) for h = 0, 0.1 … 0.9 take six values only, here in fifths.
_FIFTHS = np.rint([[5 * channel for channel in colorsys.hsv_to_rgb(h / 10, 1, 1)] for h in range(10)]).astype(int)
_SUB = 3  # rays a pixel, in each direction
_SKY = 0  # what a ray meets first
_FLOOR = 1
_WALL = 2
_OBJECT = 3

# What was fitted. Lengths are in distances from the camera to the axis it turns around, on which the object stands;
# x points right, y to the back wall, z up.
_CAMERA_HEIGHT = 0.301
_PITCH = 0.0165  # of the camera, downwards, in radians
_FOCUS = 73.04  # in pixels
_BACK = 1.26  # from the axis to the back wall
_SIDE = 1.2486  # from the axis to the walls at the sides
_WALL_HEIGHT = 0.7315
_CUBE_HALF_SIDE = 0.1339
_CYLINDER = (0.1412, 0.2877)  # radius, height
_SPHERE_RADIUS = 0.1609
_CAPSULE = (0.1198, 0.5029)  # radius, height
_LAMP = np.array([-0.348, 0.0702, 2.08])
_AMBIENT = 0.6242  # light from everywhere
_DIFFUSE = 0.5438  # from the lamp
_HEADLIGHT = 0.3232  # from the camera
_GLOSS = 0.114  # white that the lamp adds
_SHADOW = 0.34  # light on the floor where the object hides the lamp
_FLOOR_LIGHT = np.array(
    [
        [1.095, 0.156, -0.396, -0.099, -0.058, 0.133],
        [-0.559, -0.079, 0.367, -0.065, 0.002, 0],
        [-0.2, -0.282, 0.421, -0.141, 0, 0],
        [0.316, -0.058, -0.065, 0, 0, 0],
        [-0.03, 0.065, 0, 0, 0, 0],
        [-0.03, 0, 0, 0, 0, 0],
    ]
)  # coefficient [i, j] of x^i y^j
_WALL_LIGHT = np.array(
    [
        [[1.02, -0.03], [-0.101, 0.011], [0.108, -0.134], [0.048, -0.002], [-0.112, 0.101]],
        [[2.05, -1.286], [-7.717, 6.829], [16.336, -13.763], [-15.001, 11.83], [4.95, -3.657]],
        [[2.937, -0.928], [-12.342, 5.349], [25.871, -10.981], [-23.304, 9.384], [7.493, -2.862]],
    ]
)  # back, right, left: coefficient [i, j] of s^i z^j along the wall
# End of what was fitted.


def shapes3d(*, cache: str | Path | None = None) -> FactorData:
    """Return all 480,000 images with their factors, drawn on demand.

    Args:
        cache: a folder; the whole set is rendered there once (5.9 GB) and memory-mapped.

    Raises:
        FileError: if the cache cannot be written or is damaged.

    >>> shapes3d().batch([0, 479999]).shape
    torch.Size([2, 3, 64, 64])
    """
    return grid_data(Painter(), NAMES, SIZES, name="shapes3d", cache=cache)


def render(codes: Any) -> UInt8[np.ndarray, "n 64 64 3"]:
    """Draw images from integer codes ``(n, 6)``: floor hue, wall hue, object hue, scale, shape, orientation.

    Hues are HSV(0.1·k, 1, 1); the scale runs from 0.75 to 1.25; shapes are cube, cylinder, sphere, capsule; the
    camera turns around the object from −30° to 30°. Against 50 pictures of the original the mean absolute error is
    about 3 of 255. To draw more than once keep a ``Painter``.

    Raises:
        InputError: if the codes are of another shape, not integers, or out of range.
    """
    return Painter()(codes)


class Painter:
    """``render`` that keeps the views it has cast, up to 41 MB for all 480.

    >>> image = Painter()([[0, 3, 6, 7, 2, 7]])[0]
    >>> image[63, 5].tolist(), image[0, 0].tolist()  # a red floor, the sky
    ([255, 0, 0], [153, 226, 249])
    """

    def __init__(self) -> None:
        # Six brightness levels each of floor, walls and object, then the three channels of the sky.
        self._planes = np.zeros((np.prod(SIZES[3:]), 21, 64, 64), np.uint8)  # untouched pages cost no memory
        self._cast: set[int] = set()

    def __call__(self, codes: Any) -> UInt8[np.ndarray, "n 64 64 3"]:
        """Draw ``codes (n, 6)`` as ``render`` does."""
        checked = check_codes(codes, NAMES, SIZES)
        views = np.ravel_multi_index(tuple(checked[:, 3:].T), SIZES[3:])
        for view in set(views.tolist()) - self._cast:
            self._planes[view] = _planes(*(int(code) for code in np.unravel_index(view, SIZES[3:])))
            self._cast.add(view)
        images = self._planes[views, 18:]
        for region in range(3):
            images += self._planes[views[:, None], 6 * region + _FIFTHS[checked[:, region]]]
        return np.moveaxis(images, 1, -1)


def _planes(scale: int, shape: int, orientation: int) -> UInt8[np.ndarray, "21 64 64"]:
    """Cast one view and return what each region adds to a channel, at each level that channel can have in its hue."""
    region, light, gloss = _cast(_SCALES[scale], shape, _TURNS[orientation])
    levels = np.arange(6)[:, None] / 5
    colour = np.minimum(255 * (levels * light + gloss), 255)
    layers = [np.where(region == r, colour, 0) for r in (_FLOOR, _WALL, _OBJECT)]
    planes = np.concatenate([*layers, np.outer(_SKY_COLOUR, region == _SKY)])
    share = np.stack([region == r for r in (_FLOOR, _WALL, _OBJECT, _SKY)]).astype(float).repeat((6, 6, 6, 3), 0)
    # Rounded so that the shares of one pixel never add up to more than 255.
    return np.floor(_pixels(planes) + 0.5 * _pixels(share) + 1e-9).astype(np.uint8)


def _pixels(samples: Float[np.ndarray, "planes samples"]) -> Float[np.ndarray, "planes 64 64"]:
    return np.asarray(samples.reshape(-1, 64, _SUB, 64, _SUB).mean((2, 4)))


def _cast(
    scale: float, shape: int, turn: float
) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return region, light (a factor on the hue) and gloss (white, added) at every sample of one view."""
    eye, rays = _camera(turn)
    to_object, normals = _hit(shape, scale, np.broadcast_to(eye, rays.shape), rays)
    to_floor = np.where(rays[:, 2] < 0, -eye[2] / rays[:, 2], np.inf)
    to_back = (_BACK - eye[1]) / rays[:, 1]
    to_side = (np.sign(rays[:, 0]) * _SIDE - eye[0]) / rays[:, 0]
    distance = np.minimum.reduce([to_object, to_floor, to_back, to_side])
    points = eye + distance[:, None] * rays
    is_wall = points[:, 2] < _WALL_HEIGHT
    region = np.select([distance == to_object, distance == to_floor, is_wall], [_OBJECT, _FLOOR, _WALL], _SKY)
    light, gloss = np.zeros(len(rays)), np.zeros(len(rays))
    floor, wall, body = (region == r for r in (_FLOOR, _WALL, _OBJECT))
    light[floor] = _floor_light(points[floor], shape, scale)
    light[wall] = _wall_light(points[wall], (to_back < to_side)[wall])
    light[body], gloss[body] = _object_light(points[body], normals[body], eye)
    return region, light, gloss


def _camera(turn: float) -> tuple[Float[np.ndarray, "3"], Points]:
    """Return the camera's place and one ray a sample, line by line."""
    offset = (np.arange(64 * _SUB) + 0.5) / _SUB - 32
    right, up = (grid.ravel() for grid in np.meshgrid(offset / _FOCUS, -offset / _FOCUS))
    sine, cosine = np.sin(turn), np.cos(turn)
    away = np.cos(_PITCH) + up * np.sin(_PITCH)
    rays = np.stack(
        [away * sine + right * cosine, away * cosine - right * sine, up * np.cos(_PITCH) - np.sin(_PITCH)], 1
    )
    return np.array([-sine, -cosine, _CAMERA_HEIGHT]), rays


def _floor_light(points: Points, shape: int, scale: float) -> Float[np.ndarray, " n"]:
    light = np.clip(polyval2d(points[:, 0], points[:, 1], _FLOOR_LIGHT), 0.3, 1.4)
    to_lamp, _ = _hit(shape, scale, points + np.array([0, 0, 1e-6]), _LAMP - points)
    return np.where(np.isfinite(to_lamp), _SHADOW, light)


def _wall_light(points: Points, back: Bool[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    x, y, z = points.T
    right, left = (polyval2d(y, z, light) for light in _WALL_LIGHT[1:])
    return np.asarray(np.where(back, polyval2d(x, z, _WALL_LIGHT[0]), np.where(x > 0, right, left)))


def _object_light(
    points: Points, normals: Points, eye: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Light from everywhere, from the camera and from the lamp; what faces the lamp shines evenly, as there."""
    facing_eye, facing_lamp = (
        (normals * (place - points)).sum(1) / np.linalg.norm(place - points, axis=1) for place in (eye, _LAMP)
    )
    light = _AMBIENT + _HEADLIGHT * np.maximum(facing_eye, 0) + _DIFFUSE * np.maximum(facing_lamp, 0)
    return light, _GLOSS * (facing_lamp > 0)


def _hit(shape: int, scale: float, origins: Points, rays: Points) -> Hit:
    """Where rays meet the object, which stands on the floor around the z axis."""
    if shape == 0:
        return _cube(origins, rays, _CUBE_HALF_SIDE * scale)
    if shape == 1:
        radius, height = scale * _CYLINDER[0], scale * _CYLINDER[1]
        return _nearer(_tube(origins, rays, radius, 0, height), _lid(origins, rays, radius, height))
    if shape == 2:
        return _sphere(origins, rays, _SPHERE_RADIUS * scale, _SPHERE_RADIUS * scale)
    radius, height = scale * _CAPSULE[0], scale * _CAPSULE[1]
    ends = _nearer(_sphere(origins, rays, radius, radius), _sphere(origins, rays, radius, height - radius))
    return _nearer(_tube(origins, rays, radius, radius, height - radius), ends)


def _nearer(one: Hit, other: Hit) -> Hit:
    first = one[0] <= other[0]
    return np.where(first, one[0], other[0]), np.where(first[:, None], one[1], other[1])


def _cube(origins: Points, rays: Points, half: float) -> Hit:
    faces = np.stack([([-half, -half, 0] - origins) / rays, ([half, half, 2 * half] - origins) / rays])
    enter, leave = faces.min(0), faces.max(0).min(1)
    axis, distance = enter.argmax(1), enter.max(1)
    normals = -np.sign(rays) * (np.arange(3) == axis[:, None])
    return np.where((distance < leave) & (distance > 0), distance, np.inf), normals


def _sphere(origins: Points, rays: Points, radius: float, height: float) -> Hit:
    from_centre = origins - [0, 0, height]
    distance = _entry((rays**2).sum(1), (from_centre * rays).sum(1), (from_centre**2).sum(1) - radius**2)
    near = np.where(np.isfinite(distance), distance, 0)[:, None]
    return distance, (from_centre + near * rays) / radius


def _tube(origins: Points, rays: Points, radius: float, low: float, high: float) -> Hit:
    flat, flat_rays = origins[:, :2], rays[:, :2]
    distance = _entry((flat_rays**2).sum(1), (flat * flat_rays).sum(1), (flat**2).sum(1) - radius**2)
    points = origins + np.where(np.isfinite(distance), distance, 0)[:, None] * rays
    inside = (points[:, 2] > low) & (points[:, 2] < high)
    return np.where(inside, distance, np.inf), points * [1, 1, 0] / radius


def _lid(origins: Points, rays: Points, radius: float, height: float) -> Hit:
    distance = (height - origins[:, 2]) / rays[:, 2]
    points = origins + distance[:, None] * rays
    inside = (distance > 0) & ((points[:, :2] ** 2).sum(1) < radius**2)
    return np.where(inside, distance, np.inf), np.broadcast_to([0.0, 0.0, 1.0], rays.shape)


def _entry(
    a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"], c: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Return the smaller root of a t² + 2 b t + c = 0, infinite where it is not real or not positive."""
    square = b**2 - a * c
    root = (-b - np.sqrt(np.maximum(square, 0))) / a
    return np.where((square > 0) & (root > 0), root, np.inf)
