"""The sentences of a plan, as templates; rules elsewhere choose among them."""

from __future__ import annotations

HEAD = (
    "Simulated studies of {event}: {cohorts:,} cohorts of each size, drawn from scenario "
    "{scenario}{description}. In each: {model} on {parameters} with everything learned inside, "
    "{resamples:,} bootstrap resamples, and the model then tried on {new:,} new patients of the "
    "same population, {prevalence:.1f}% of whom have the event. No patient of this plan is real."
)
DESCRIPTION = " ({what})"
ONE_PREDICTOR = "1 predictor"
PREDICTORS = "{count} predictors"

REPORTED = "AUROC reported"
NEW = "in new patients"
COLUMNS = (
    "Patients",
    "Events",
    REPORTED,
    NEW,
    "Optimism",
    "Slope",
    "95% of slopes",
    "Interval",
    "No signal",
    "Failed",
    "Useful",
)

UNLIMITED = (
    "With {patients:,} patients the same procedure reaches an AUROC of {auroc:.3f} ({error:.3f})."
)
CEILING = " Somebody who knew the scenario would reach {ceiling:.3f}; no model can do better."

USEFUL = (
    "AUROC in new patients at least {auroc:g}, calibration slope between {slope_low:g} and "
    "{slope_high:g}, 95% interval of a patient's probability on average at most {width:g} wide"
)
DEFINITIONS = (
    "Reported: corrected for optimism, as the study itself would print it. Optimism: of the AUROC "
    "before that correction. Slope: median calibration slope in new patients. Interval: mean width "
    "of the 95% interval of a patient's probability. No signal: the interval of the corrected "
    "AUROC includes 0.5. Failed: fewer than {fewest} patients with the rarer outcome, with which a "
    "training does not begin, or no fit. Useful: {useful}. In brackets: Monte Carlo standard "
    "errors, those of AUROC and slope in new patients with what the sample of these leaves open."
)

AIMS = {
    "useful": "a useful model with a probability of {value}",
    "auroc": "a mean AUROC of {value:.3g} in new patients",
    "loss": "a mean AUROC within {value:.3g} of what very many patients give",
    "slope": "a calibration slope between the bounds of a useful model with a probability of "
    "{value}",
    "width": "a mean width of at most {value:.3g} of a patient's interval",
}
REACHED = (
    "For {aim}: about {patients:,} patients (interpolated between {above:,} and "
    "{upto:,}{by_chance})."
)
BY_CHANCE = "; {low} to {high} with the Monte Carlo error"
REACHED_AT_ONCE = "For {aim}: {patients:,} patients or fewer, the smallest number simulated."
NOT_REACHED = "For {aim}: not reached by {largest:,} patients."
BEYOND = " It is out of reach of any number: with {patients:,} patients the AUROC is {auroc:.3f}."
MORE_THAN = "more than {largest:,}"

PARAGRAPH_TITLE = "For an application:"
PARAGRAPH = (
    "We planned the number of patients by simulation. Patients ({population}) were simulated from "
    "the distributions of the published cohort, and how {event} depends on the predictors was "
    "assumed: scenario {scenario}{description}{ceiling}. A {model} model of {predictors} was "
    "developed in {cohorts:,} simulated cohorts each of {sizes} patients, tuned inside and "
    "corrected for optimism by {resamples:,} bootstrap resamples, and tried on {new:,} further "
    "patients. {small} {large} {answers} These numbers hold for the assumed population without "
    "missing values and for predictors that are no better than assumed; they say nothing of "
    "whether the treatment works."
)
PARAGRAPH_CEILING = ", under which no model can exceed an AUROC of {ceiling:.2f}"
SMALL = (
    "With {patients:,} patients ({events:.0f} events) a study would report a mean AUROC of "
    "{apparent} before and {corrected} after correction, where {auroc} is true in new patients; "
    "a patient's 95% interval would be {width} wide on average, and {useful} of the models would "
    "be useful ({definition})."
)
LARGE = (
    "With {patients:,} patients the AUROC in new patients would be {auroc}, the interval {width} "
    "wide, and {useful} of the models useful."
)
NOTHING = "With {patients:,} patients no study would get as far as a model."
