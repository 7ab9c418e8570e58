"""Two processes train and evaluate as one does: the same weights, losses and tables, and one set of files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import ignite.distributed as idist
import pytest
import torch
from ignite.engine import Engine

from scripts.engines import MeanAtlas
from scripts.engines.distributed import gather_in_order, shared_indices
from scripts.errors import InputError
from support import BUNDLE, bundle_command, run_command

# What each process leaves behind so that the test can compare them.
WITNESS = """
+imports: [$import os]
finalize:
- $torch.save(@network_def.state_dict(), @output_dir + '/rank_' + os.environ.get('RANK', '0') + '.pt')
- $torch.save(@train#trainer.state.metrics, @output_dir + '/losses_' + os.environ.get('RANK', '0') + '.pt')
- $torch.save(@validate#evaluator.state.metrics, @output_dir + '/scores_' + os.environ.get('RANK', '0') + '.pt')
- _target_: scripts.engines.leave_processes
"""
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]


@pytest.fixture(scope="module")
def split(cohort_2d: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Atlas and four subjects for training, two for validation, three for test."""
    names = sorted(path.parent.name for path in cohort_2d.glob("*/slice_norm.nii.gz"))
    path = tmp_path_factory.mktemp("split") / "split.json"
    path.write_text(json.dumps({"training": names[:5], "validation": names[5:7], "test": names[7:]}))
    return path


def run(folder: Path, processes: int, configs: list[str], *words: str, **options: object) -> None:
    """Run the bundle with ``configs`` in one process or, with the overlays, in two."""
    command = bundle_command(configs, *words, **options)
    if processes == 2:
        command[1:3] = [*TORCHRUN, "-m", "monai.bundle"]
    said = run_command(command, BUNDLE)
    assert said.returncode == 0, said.stderr[-3000:]
    (folder / f"said_{words[0]}.txt").write_text(said.stdout, encoding="utf-8")


@pytest.fixture(scope="module")
def trained(cohort_2d: Path, split: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Folders of one training with batch 4 and of one by two processes with batch 2, evaluated likewise."""
    folders = {}
    for count in (1, 2):
        out = folders[count] = tmp_path_factory.mktemp(f"processes_{count}")
        (out / "witness.yaml").write_text(WITNESS)
        options = {"dataset_dir": cohort_2d, "split_file": split, "output_dir": out, "cache_dir": out / "cache"}
        options |= {"channels": "[4,4,4]", "max_epochs": 3, "val_interval": 1, "batch_size": 4 // count}
        options |= {"learning_rate": 0.01, "precision": "float32", "refinement_steps": 2}
        options |= {"spatial_size": -1}
        train, evaluate = (["multi_gpu_train.yaml"], ["multi_gpu_evaluate.yaml"]) if count == 2 else ([], [])
        run(out, count, ["train.yaml", *train, str(out / "witness.yaml")], "training", pairing="atlas", **options)
        options["num_figures"] = 1
        options["ckpt_path"] = folders[1] / "model.pt"  # one network, so that the tables can be compared closely
        run(out, count, ["train.yaml", "evaluate.yaml", *evaluate], "run", pairing="atlas", **options)
    return folders


def content(path: Path) -> Any:
    return torch.load(path, weights_only=True)


def test_both_processes_end_with_the_same_weights(trained: dict[int, Path]) -> None:
    first, second = (content(trained[2] / f"rank_{rank}.pt") for rank in (0, 1))
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=0, atol=0)


def test_two_processes_learn_what_one_learns_with_twice_the_batch(trained: dict[int, Path]) -> None:
    one, two = (content(trained[count] / "model_last.pt") for count in (1, 2))
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-3, atol=1e-4)
    losses = [content(trained[count] / "losses_0.pt") for count in (1, 2)]
    assert losses[0].keys() == losses[1].keys() >= {"loss"}
    assert losses[1] == pytest.approx(losses[0], rel=1e-4, abs=1e-6)
    assert content(trained[2] / "losses_1.pt") == pytest.approx(losses[1], rel=1e-6)


def test_validation_is_shared_and_gathered(trained: dict[int, Path]) -> None:
    scores = [content(trained[count] / "scores_0.pt") for count in (1, 2)]
    assert scores[1] == pytest.approx(scores[0], rel=1e-3)
    assert content(trained[2] / "scores_1.pt") == scores[1]


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "evaluation_atlas" / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_evaluation_table_is_that_of_one_process(trained: dict[int, Path]) -> None:
    for name in ("dice.csv", "pairs.csv"):
        one, two = (rows(trained[count], name) for count in (1, 2))
        assert len(one) == len(two) > 0
        for left, right in zip(one, two, strict=True):
            columns = [column for column in left if not column.endswith("seconds")]
            assert [right[column] for column in columns] == [left[column] for column in columns]


def test_files_and_lines_are_written_once(trained: dict[int, Path]) -> None:
    written = [{p.relative_to(trained[c]).as_posix() for p in trained[c].rglob("*.p[tn]*")} for c in (1, 2)]
    assert {name for name in written[1] if "_1.pt" not in name} == written[0]
    events = [len(list(trained[c].rglob("tensorboard/**/events*"))) for c in (1, 2)]
    assert events[0] == events[1] > 0
    printed = [(trained[c] / "said_training.txt").read_text(encoding="utf-8").count("  loss ") for c in (1, 2)]
    assert printed[0] == printed[1] > 0


class TestSharing:
    """The arithmetic of sharing, with the processes played one after the other."""

    @pytest.mark.parametrize("total, count", [(1, 1), (5, 1), (5, 2), (6, 3), (7, 3), (1, 2), (2, 4), (4, 4)])
    def test_shares_come_back_in_order(self, total: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(idist, "get_world_size", lambda: count)
        shares = []
        for rank in range(count):
            monkeypatch.setattr(idist, "get_rank", lambda rank=rank: rank)
            shares.append(shared_indices(range(total)))
        assert all(shares)
        monkeypatch.setattr(idist, "all_gather", lambda mine: shares)
        assert gather_in_order(shares[0], total) == list(range(total))

    def test_an_atlas_of_one_share_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(idist, "get_world_size", lambda: 2)
        atlas = MeanAtlas("image.nii.gz", "label.nii.gz", {}, lambda record: record)
        with pytest.raises(InputError, match="an atlas is made by one process"):
            atlas.attach(Engine(lambda engine, batch: None))
