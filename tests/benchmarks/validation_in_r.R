# Bootstrap validation of an unpenalised logistic regression in R.
#
# Rscript validation_in_r.R FILE RESAMPLES WAY, where WAY is
#   validate  rms::validate, Harrell's optimism of its own indexes
#   loop      glm.fit in a loop, AUROC and Brier score in the resample and on the cohort
#   fits      glm.fit in a loop and nothing else
#   versions  prints the versions and ends
arguments <- commandArgs(trailingOnly = TRUE)
if (arguments[1] == "versions") {
  cat(paste0(R.version$major, ".", R.version$minor))
  if (requireNamespace("rms", quietly = TRUE)) cat("", as.character(packageVersion("rms")))
  quit()
}
table <- read.csv(arguments[1])
resamples <- as.integer(arguments[2])
y <- table$y
x <- cbind(1, as.matrix(table[, -1]))
n <- length(y)

auroc <- function(y, p) {
  events <- sum(y)
  (sum(rank(p)[y == 1]) - events * (events + 1) / 2) / (events * (n - events))
}

by_hand <- function(figures) {
  optimism <- matrix(NA, resamples, 2)
  for (b in seq_len(resamples)) {
    drawn <- sample.int(n, replace = TRUE)
    fit <- suppressWarnings(glm.fit(x[drawn, ], y[drawn], family = binomial()))
    if (!figures) next
    p <- plogis(drop(x %*% fit$coefficients))
    boot <- c(auroc(y[drawn], p[drawn]), mean((y[drawn] - p[drawn])^2))
    optimism[b, ] <- boot - c(auroc(y, p), mean((y - p)^2))
  }
  colMeans(optimism, na.rm = TRUE)[1]
}

validated <- function() {
  sink(nullfile())  # it tells of every resample that diverges
  on.exit(sink())
  found <- suppressWarnings(rms::validate(fit, B = resamples))
  found["Dxy", "optimism"] / 2
}

set.seed(1)
if (arguments[3] == "validate") {
  suppressPackageStartupMessages(library(rms))
  fit <- lrm(y ~ ., data = table, x = TRUE, y = TRUE)
}
spent <- system.time(optimism <- switch(arguments[3],
  validate = validated(), loop = by_hand(TRUE), fits = by_hand(FALSE)))
cat(sprintf('{"seconds": %.4f, "cpu": %.4f, "optimism": %s}\n', spent[["elapsed"]],
  spent[["user.self"]] + spent[["sys.self"]],
  if (is.finite(optimism)) sprintf("%.5f", optimism) else "null"))
