"""Commands about studies that are still to be done."""

from __future__ import annotations

from pathlib import Path

import click

from predictor import terminal
from predictor.command import FILE, as_format, command, end_when_asked, print_json


class _ManySizes(click.Command):
    """Lets ``--patients`` be followed by several numbers."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each further number."""
        repeated: list[str] = []
        following = False
        for arg in args:
            number = arg.lstrip("-").isdigit()
            if following and number and repeated[-1] != "--patients":
                repeated.append("--patients")
            following = arg == "--patients" or (following and number)
            repeated.append(arg)
        return super().parse_args(ctx, repeated)


@command(
    "predictor plan remission --patients 31 60 100 300 1000 --scenario literature",
    cls=_ManySizes,
)
@click.argument("config")
@click.option(
    "--patients",
    "sizes",
    multiple=True,
    type=int,
    metavar="N...",
    help="Numbers of patients.  [default: 31 60 100 300 1000]",
)
@click.option(
    "--scenario",
    metavar="NAME",
    help="What is assumed of the outcome: none, literature, strong or a file of your own; that of "
    "the configuration's published cohort by default.",
)
@click.option("--model", default="ridge", show_default=True, help="Candidate that is planned for.")
@click.option(
    "--aim",
    "aims",
    multiple=True,
    metavar="MEASURE=VALUE",
    help="What the smallest number of patients is looked for: useful, auroc, loss, slope or "
    "width; can be repeated.  [default: useful=0.8, loss=0.02, width=0.3]",
)
@click.option(
    "--aim-auroc",
    type=float,
    default=0.70,
    show_default=True,
    help="AUROC of a useful model in new patients.",
)
@click.option(
    "--aim-width",
    type=float,
    default=0.30,
    show_default=True,
    help="Mean width of a patient's 95% interval by a useful model.",
)
@click.option(
    "--cohorts", type=int, default=200, show_default=True, help="Simulated cohorts of each size."
)
@click.option(
    "--resamples",
    type=int,
    default=200,
    show_default=True,
    help="Bootstrap resamples of each cohort.",
)
@click.option(
    "--new",
    type=int,
    default=100_000,
    show_default=True,
    help="New patients that every model is tried on.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Decides every draw.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Parallel processes; every core by default.",
)
@click.option("--paragraph", is_flag=True, help="Print the paragraph for an application alone.")
@click.option("--out", type=FILE, help="Also write every figure: .json or .csv.")
@click.option("--figure", type=FILE, help="Also draw the learning curves: .png.")
@as_format
def plan(
    config: str,
    sizes: tuple[int, ...],
    scenario: str | None,
    model: str,
    aims: tuple[str, ...],
    aim_auroc: float,
    aim_width: float,
    cohorts: int,
    resamples: int,
    new: int,
    seed: int,
    workers: int | None,
    paragraph: bool,
    out: Path | None,
    figure: Path | None,
    output: str,
) -> None:
    """Tell by simulation what studies of several sizes would find.

    CONFIG is a configuration file or the name of a shipped one. Its patients are not read:
    cohorts of each size are drawn from the published distributions under a scenario of how the
    outcome depends on the predictors, and each goes through the whole procedure.
    """
    end_when_asked()
    from predictor.report.plan_text import paragraph as in_a_paragraph
    from predictor.report.plan_text import plan_text
    from predictor.validation.curve_rows import Useful
    from predictor.validation.plan_asked import SIZES, Asked, with_aims
    from predictor.workflow.files import check_suffix, check_targets
    from predictor.workflow.plan import (
        FIGURE_SUFFIX,
        SUFFIXES,
        write_plan,
        write_plan_figure,
    )
    from predictor.workflow.plan import plan as run

    if paragraph and output == "json":
        raise click.UsageError("--paragraph is text; leave out --format json.")
    if out is not None:
        check_suffix(out, *SUFFIXES)
    if figure is not None:
        check_suffix(figure, FIGURE_SUFFIX)
    check_targets((out, figure), read=[config])
    asked = Asked(
        sizes=sizes or SIZES,
        cohorts=cohorts,
        resamples=resamples,
        new=new,
        seed=seed,
        model=model,
        useful=Useful(auroc=aim_auroc, width=aim_width),
        aims=with_aims(aims),
    )
    with terminal.progress_bar() as progress:
        planned = run(config, asked, scenario=scenario, workers=workers, progress=progress)
    if out is not None:
        write_plan(planned, out)
    if figure is not None:
        write_plan_figure(planned, figure)
    if output == "json":
        print_json(planned.to_dict())
        return
    for part in [in_a_paragraph(planned)] if paragraph else plan_text(planned, terminal.width()):
        if "\n" in part:
            terminal.say(part)
        else:
            terminal.say_wrapped(part)
