"""The verbs for any two images of a user: register, and what is done with the transform."""

from __future__ import annotations

from ..configuration.kinds import Device
from ..options import Affine, Count, File, NotNegative, Number, Positive, Precision, Quality


def register(
    fixed: str | None = None,
    moving: str | None = None,
    *,
    output_dir: str,
    fixed_label: str | None = None,
    moving_label: str | None = None,
    fixed_mask: str | None = None,
    moving_mask: str | None = None,
    initial_transform: str | None = None,
    pairs: str | None = None,
    method: str | None = None,
    affine: bool | Affine = True,
    use_network: bool = True,
    spacing: Positive | None = None,
    passes: Count | None = None,
    quality: Quality = "default",
    refinement_steps: Number | None = None,
    fine_steps: Number | None = None,
    refinement_smoothness: NotNegative | None = None,
    ckpt_path: str | None = None,
    precision: Precision | None = None,
    device: Device | None = None,
    files: list[File] | None = None,
) -> None:
    """Find the transform that makes one image look like another, and write what comes of it.

    Args:
        fixed: image file (NIfTI, NRRD, MetaImage) or folder of one DICOM series, onto whose grid the other is brought
        moving: image that is to look like the fixed one
        output_dir: folder of the results
        fixed_label: label map of the fixed image; with both, their overlap is reported
        moving_label: label map of the moving image, carried along
        fixed_mask: label map of the fixed image, not 0 where the images are to be compared: without a lesion, say
        moving_mask: the same of the moving image
        initial_transform: ITK transform or displacement field to start from, fixed points to moving points; the affine
            search starts from an affine map, a deformable one takes its place
        pairs: instead of one pair, a CSV or JSON list of fixed, moving[, name, or any other file of a pair above]
        method: name of a file in configs/methods, or a file; without it, the one for the images' dimensions
        affine: how an affine map is found first: itk (or true), network, both; none (or false) where they are aligned
        use_network: false: affine map and refinement alone, which need no weights
        spacing: of the working grid, mm; without it, as fits the object
        passes: of the network over the pair
        quality: fast: the network alone; best: three times the steps of optimisation
        refinement_steps: steps of optimisation on the pair at hand; 0: the network alone
        fine_steps: the same on finer grids, down to the images' own
        refinement_smoothness: weight of the smoothness in them, whatever the spacing; 9/4 of a slice's is as much for a
            volume
        ckpt_path: file of the network's weights
        precision: of the network
        device: to compute on, such as cpu or cuda:0
        files: what is written besides the report; without it, all but field, which repeats what transform holds
    """
    from ..registration import FILES, configured, register_files

    registration = configured(
        method,
        affine,
        use_network,
        device,
        quality,
        spacing=spacing,
        passes=passes,
        refinement_steps=refinement_steps,
        fine_steps=fine_steps,
        refinement_smoothness=refinement_smoothness,
        ckpt_path=ckpt_path,
        precision=precision,
    )
    more = {
        "fixed_label": fixed_label,
        "moving_label": moving_label,
        "fixed_mask": fixed_mask,
        "moving_mask": moving_mask,
        "initial_transform": initial_transform,
    }
    register_files(registration, output_dir, fixed, moving, pairs, files or FILES, **more)


def warp(
    transform: str, fixed: str, *, output_dir: str, moving: str | None = None, moving_label: str | None = None
) -> None:
    """Apply a saved transform to an image, a label map, or both.

    Args:
        transform: what register wrote, or any displacement field (.nii.gz) or ITK transform (.h5, .tfm)
        fixed: image whose grid the results take
        output_dir: folder of the results
        moving: image, interpolated linearly
        moving_label: label map, by its nearest voxels
    """
    from ..registration import warp as apply

    apply(transform, fixed, output_dir, moving, moving_label)


def jacobian(transform: str, *, output_dir: str, fixed: str | None = None) -> None:
    """Map how a saved transform changes volume: the determinant of its Jacobian.

    Args:
        transform: what register wrote, or any displacement field (.nii.gz) or ITK transform (.h5, .tfm)
        output_dir: folder of the map
        fixed: image whose grid to take; without it, the transform's own
    """
    from ..registration import jacobian as map_jacobian

    map_jacobian(transform, output_dir, fixed)


def points(transform: str, landmarks: str, *, output_dir: str, target_landmarks: str | None = None) -> None:
    """Carry landmarks through a saved transform, from the fixed image to the moving one.

    Args:
        transform: what register wrote; its inverse field carries points of the moving image to the fixed one
        landmarks: points, a table (.csv, LPS millimetres) or a markup of 3D Slicer (.mrk.json)
        output_dir: folder of the result
        target_landmarks: where they should arrive, in the same order; the error in millimetres is reported
    """
    from ..registration import carry_points

    carry_points(transform, landmarks, output_dir, target_landmarks)


def compose(transforms: list[str], *, output_dir: str, fixed: str | None = None, name: str = "composed") -> None:
    """Make one displacement field of a chain of saved transforms, so that an image is resampled once.

    Points of the fixed image go through the first transform, then through the second: T1 with the fixed image A and the
    moving image B, then T2 with the fixed image B and the moving image C, bring C onto A.

    Args:
        transforms: what register wrote, displacement fields (.nii.gz) or ITK transforms (.h5, .tfm, .mat), in order
        output_dir: folder of the results: the field, the transform and a report
        fixed: image whose grid the field takes; without it, that of the first field
        name: of the results
    """
    from ..registration import compose as compose_files

    compose_files(transforms, output_dir, fixed, name)


def invert(transform: str, *, output_dir: str, moving: str | None = None) -> None:
    """Invert a saved transform, and measure the error of the inverse as it was written.

    Args:
        transform: what register wrote, or any displacement field (.nii.gz) or affine ITK transform (.h5, .tfm, .mat)
        output_dir: folder of the results: the field, the transform and a report
        moving: image whose grid the field takes; without it, that of the transform's own field
    """
    from ..registration import invert as invert_file

    invert_file(transform, output_dir, moving)
