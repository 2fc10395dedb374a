# Harrell's basis of a restricted cubic spline, written out from its definition.
basis <- function(x, k) {
  n <- length(k)
  cube <- function(t) pmax(x - t, 0)^3
  nonlinear <- sapply(seq_len(n - 2), function(j) {
    (cube(k[j]) - cube(k[n - 1]) * (k[n] - k[j]) / (k[n] - k[n - 1]) +
       cube(k[n]) * (k[n - 1] - k[j]) / (k[n] - k[n - 1])) / (k[n] - k[1])^2
  })
  cbind(x, nonlinear)
}
