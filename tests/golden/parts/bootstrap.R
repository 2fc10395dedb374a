# r/bootstrap.json: limits of the package boot (part of every R) from its own replicates.
set.seed(20261125)
x <- round(rexp(25) * 10, 2)
statistics <- function(x) c(mean(x), median(x), mean(log(x)))
drawn <- boot::boot(x, function(x, rows) statistics(x[rows]), R = 999)
left_out <- t(sapply(seq_along(x), function(i) statistics(x[-i])))
limits <- lapply(seq_along(drawn$t0), function(k) {
  influence <- (length(x) - 1) * (mean(left_out[, k]) - left_out[, k])
  lapply(list("0.95" = .95, "0.8" = .8, "0.873" = .873), function(level) {
    ci <- boot::boot.ci(drawn, level, c("perc", "basic", "bca"), index = k, L = influence)
    ends <- function(part) as.list(ci[[part]][4:5])
    list(percentile = ends("percent"), basic = ends("basic"), bca = ends("bca"))
  })
})
write_golden(list(
  source = source_of("boot ", packageDescription("boot")$Version, ", boot.ci of 999 replicates; 'values' are simulated"),
  values = x, estimate = as.list(drawn$t0), replicates = lapply(seq_len(999), function(i) as.list(drawn$t[i, ])),
  left_out = lapply(seq_along(x), function(i) as.list(left_out[i, ])), limits = limits), "bootstrap.json")
