# r/stepwise.json: whole paths of stepwise Cox regression by the rules of SPSS's COXREG, Breslow ties.
indicators <- function(f, levels, name) {
  matrix(sapply(levels, function(level) as.numeric(f == level)), ncol = length(levels),
         dimnames = list(NULL, paste0(name, seq_along(levels))))
}
single <- function(d) sapply(names(d), function(v) matrix(as.numeric(d[[v]]), dimnames = list(NULL, v)), simplify = FALSE)

v <- veteran
cells <- indicators(v$celltype, c("squamous", "smallcell", "adeno"), "celltype")  # the last level is the reference
v_blocks <- c(single(v["trt"]), list(celltype = cells), single(v[c("karno", "diagtime", "age", "prior")]))

p <- pbc[complete.cases(pbc), ]
p$sex <- p$sex == "f"
one_column <- c("trt", "age", "sex", "ascites", "hepato", "spiders", "bili", "chol", "albumin", "copper", "alk.phos",
                "ast", "trig", "platelet", "protime")
p_blocks <- c(single(setNames(p[one_column], sub("alk.phos", "alkphos", one_column))),
              list(edema = indicators(p$edema, c(.5, 1), "edema"), stage = indicators(p$stage, 2:4, "stage")))
# Six columns that share what they tell, tied times.
collinear <- function(seed) {
  set.seed(seed)
  n <- 40
  shared <- rnorm(n)
  x <- sapply(letters[1:6], function(k) round(shared * runif(1, -1, 1) + rnorm(n), 2))
  x[, "f"] <- round(x[, "a"] + x[, "b"] - x[, "c"] + rnorm(n, sd = .3), 2)
  time <- ceiling(10 * rexp(n, exp(drop(x %*% runif(6, -.5, .5)))))
  list(time = time, event = rbinom(n, 1, .8), blocks = single(as.data.frame(x)))
}
