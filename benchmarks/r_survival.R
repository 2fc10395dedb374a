# R's survival package as a contestant. Rscript r_survival.R FILE N NAME,NAME,...
# FILE holds N doubles for each NAME, one column after the other. Then, a line at a time on standard input:
#   time TASK REPEATS    answers "wall cpu", seconds of so many calls (the data are in memory, as for the others)
#   numbers TASK         answers lines "name value value ..."
#   memory TASK          answers what a call adds to the peak memory of the process, in bytes
# Every answer ends with a line "end".

suppressPackageStartupMessages(library(survival))
options(warn = -1, digits = 17)

arguments <- commandArgs(trailingOnly = TRUE)
n <- as.integer(arguments[2])
names_of <- strsplit(arguments[3], ",")[[1]]
file <- file(arguments[1], "rb")
d <- lapply(names_of, function(name) readBin(file, "double", n))
close(file)
names(d) <- names_of
x <- do.call(cbind, d[grep("^x[0-9]+$", names_of)])
os <- Surv(d$os_time, d$os_event)
pfs <- Surv(d$pfs_time, d$pfs_event)
f <- lapply(d[paste0("f", 1:13)], as.integer)

# Timed fits use R's own stopping rule; the numbers to compare with are those of a tight one and a step beyond.
tight <- coxph.control(eps = 1e-12, iter.max = 100)
polished_cox <- function() {
  fit <- coxph(os ~ x, ties = "efron", control = tight)
  further <- coxph(os ~ x, ties = "efron", control = tight, init = coef(fit))
  further$loglik[1] <- fit$loglik[1]
  further
}
middle <- function(fit) unname(quantile(fit, 0.5)$quantile)

kaplan_meier <- function() {
  fit <- survfit(os ~ 1, conf.type = "log-log")
  list(fit = fit, median = middle(fit))
}
read_kaplan_meier <- function(found) {
  fit <- found$fit
  rows <- fit$n.event > 0 & fit$surv < 1 & fit$surv > 0
  list(survival = fit$surv[rows], conf_low = fit$lower[rows], conf_high = fit$upper[rows], median = found$median)
}

tables_26 <- function() {
  lapply(list(os, pfs), function(y) lapply(f, function(group) {
    fit <- survfit(y ~ group, conf.type = "log-log")
    list(statistic = survdiff(y ~ group)$chisq, median = as.vector(middle(fit)))
  }))
}
read_tables <- function(found) {
  tables <- unlist(found, recursive = FALSE)
  list(statistic = unlist(lapply(tables, `[[`, "statistic")), median = unlist(lapply(tables, `[[`, "median")))
}

read_cox <- function(fit) {
  list(coefficients = unname(coef(fit)), std_error = sqrt(diag(vcov(fit))), likelihood_ratio = 2 * diff(fit$loglik))
}

fine_gray <- function(control) {
  patients <- data.frame(time = d$os_time, cause = factor(d$cause, 0:2), x)
  rows <- finegray(Surv(time, cause) ~ ., data = patients, etype = "1")
  model <- reformulate(colnames(x), quote(Surv(fgstart, fgstop, fgstatus)))
  coxph(model, data = rows, weights = fgwt, ties = "breslow", control = control)
}

# Forward selection: the smallest P of the score tests enters, the largest P of the likelihood-ratio tests leaves.
stepwise <- function(control) {
  inside <- integer(0)
  fit_of <- function(columns) coxph(os ~ x[, columns, drop = FALSE], control = control)
  log_likelihood <- function(columns) if (length(columns)) fit_of(columns)$loglik[2] else coxph(os ~ 1)$loglik[1]
  score_p <- function(column) {
    start <- if (length(inside)) unname(coef(fit_of(inside))) else numeric(0)
    here <- coxph(os ~ x[, c(inside, column), drop = FALSE], init = c(start, 0), control = coxph.control(iter.max = 0))
    pchisq(here$score, 1, lower.tail = FALSE)
  }
  seen <- list(inside)
  repeat {
    outside <- setdiff(1:10, inside)
    p <- vapply(outside, score_p, 0)
    if (!length(outside) || min(p) >= 0.10) break
    inside <- c(inside, outside[which.min(p)])
    if (list(sort(inside)) %in% seen) break
    seen <- c(seen, list(sort(inside)))
    repeat {
      all_in <- log_likelihood(inside)
      p <- vapply(inside, function(k) {
        pchisq(2 * (all_in - log_likelihood(setdiff(inside, k))), 1, lower.tail = FALSE)
      }, 0)
      if (max(p) < 0.10) break
      inside <- inside[-which.max(p)]
      seen <- c(seen, list(sort(inside)))
    }
  }
  list(selected = inside, fit = fit_of(inside))
}
read_stepwise <- function(found) {
  c(list(selected = found$selected), read_cox(found$fit)[c("coefficients", "std_error")])
}

model <- NULL
zph <- function() {
  if (is.null(model)) model <<- coxph(os ~ x, control = tight, ties = "efron")
  cox.zph(model, transform = "km", terms = FALSE)
}

# for each task: the call that is timed, the call whose numbers are compared, and how to read them
tasks <- list(
  kaplan_meier = list(kaplan_meier, kaplan_meier, read_kaplan_meier),
  log_rank_2 = list(function() survdiff(os ~ f$f1), function() survdiff(os ~ f$f1), `[`),
  log_rank_4 = list(function() survdiff(os ~ f$f6), function() survdiff(os ~ f$f6), `[`),
  tables_26 = list(tables_26, tables_26, read_tables),
  cox = list(
    function() coxph(os ~ x, ties = "efron"), polished_cox, read_cox
  ),
  fine_gray = list(
    function() fine_gray(coxph.control()), function() fine_gray(tight),
    function(fit) list(coefficients = unname(coef(fit)))
  ),
  stepwise = list(function() stepwise(coxph.control()), function() stepwise(tight), read_stepwise),
  zph = list(zph, zph, function(found) list(statistic = unname(found$table[, "chisq"]))),
  concordance = list(
    function() concordance(os ~ d$risk, reverse = TRUE), function() concordance(os ~ d$risk, reverse = TRUE),
    function(found) list(estimate = unname(found$concordance), std_error = sqrt(c(found$var)))
  )
)
tasks$log_rank_2[[3]] <- tasks$log_rank_4[[3]] <- function(test) list(statistic = test$chisq)

answer_time <- function(task, repeats) {
  if (task == "zph") zph()  # the fit before the test is not part of the time
  gc()
  cpu <- proc.time()
  wall <- Sys.time()
  for (k in seq_len(repeats)) tasks[[task]][[1]]()
  wall <- as.numeric(difftime(Sys.time(), wall, units = "secs"))
  cpu <- proc.time() - cpu
  cat(sprintf("%.9f %.9f\n", wall, cpu[["user.self"]] + cpu[["sys.self"]]))
}
answer_numbers <- function(task) {
  found <- tasks[[task]][[3]](tasks[[task]][[2]]())
  for (name in names(found)) cat(name, sprintf("%.17g", found[[name]]), "\n")
}

answer_memory <- function(task) {
  gc()
  cat("5", file = "/proc/self/clear_refs")  # the peak is now what is in use
  peak <- function() as.numeric(gsub("\\D", "", grep("^VmHWM", readLines("/proc/self/status"), value = TRUE))) * 1024
  before <- peak()
  found <- tasks[[task]][[1]]()
  cat(sprintf("%.0f\n", peak() - before))
}

questions <- file("stdin", "r")
repeat {
  words <- strsplit(readLines(questions, 1), " ")
  if (!length(words)) break
  words <- words[[1]]
  switch(words[1],
    time = answer_time(words[2], as.integer(words[3])),
    numbers = answer_numbers(words[2]),
    memory = answer_memory(words[2])
  )
  cat("end\n")
  flush(stdout())
}
