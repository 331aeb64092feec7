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
    "useful": "A useful model with a probability of {value}",
    "auroc": "A mean AUROC of {value:.3g} in new patients",
    "loss": "A mean AUROC within {value:.3g} of what very many patients give",
    "slope": "A calibration slope between the bounds of a useful model with a probability of "
    "{value}",
    "width": "A mean width of at most {value:.3g} of a patient's interval",
}
REACHED = (
    "{aim} takes about {patients:,} patients (interpolated between {above:,} and {upto:,}; "
    "{low:,} to {high} within the Monte Carlo error)."
)
REACHED_AT_ONCE = "{aim} takes {patients:,} patients or fewer, the smallest number simulated{more}."
MORE = ", or up to {high} within the Monte Carlo error"
NOT_REACHED = "{aim} is not reached with {largest:,} patients{less}."
LESS = ", though within the Monte Carlo error with {low:,}"
BEYOND = " More would not help: with {patients:,} patients the AUROC is {auroc:.3f}."
MORE_THAN = "more than {largest:,}"

PARAGRAPH_TITLE = "For an application:"
PARAGRAPH = (
    "We planned the number of patients by simulation (sle-ivig-predictor {version}, seed {seed}). "
    "For each of {sizes} patients, {cohorts:,} cohorts ({population}) were drawn from published "
    "distributions ({patients_from}). How {event} depends on the predictors was assumed (scenario "
    "{scenario}{description}{sources}); {prevalence:.1f}% of the patients have the event{ceiling}. "
    "In each cohort a {model} model of {predictors} was developed; preparation and tuning were "
    "repeated in each of {resamples:,} bootstrap resamples to correct the AUROC for optimism "
    "(.632+), and the model was tried on {new:,} further simulated patients. {small} {large} "
    "{answers} {errors} These numbers hold for the assumed population without missing values and "
    "for predictors that are no better than assumed; they say nothing of whether the treatment "
    "works."
)
PARAGRAPH_CEILING = ", and no model can exceed an AUROC of {ceiling:.2f}"
PARAGRAPH_DESCRIPTION = ": {what}"
PARAGRAPH_SOURCES = "; effects from {sources}"
SMALL = (
    "With {patients:,} patients (on average {events:.0f} events) the mean AUROC would be "
    "{apparent} as fitted, {corrected} corrected for optimism and {auroc} in new patients, the "
    "median calibration slope there {slope}, and the 95% interval of a patient's probability "
    "{width} wide on average; {useful} of the models would be useful ({definition})."
)
LARGE = (
    "With {patients:,} patients (on average {events:.0f} events) the mean AUROC in new patients "
    "would be {auroc}, the median calibration slope {slope} and the mean width {width}; {useful} "
    "of the models would be useful."
)
NOTHING = "With {patients:,} patients no study would get as far as a model."
ERRORS = (
    "Monte Carlo standard errors of these figures are at most {auroc:.3f} for AUROCs, {slope:.2f} "
    "for slopes, {width:.3f} for widths and {useful:.1f} percentage points for shares."
)
