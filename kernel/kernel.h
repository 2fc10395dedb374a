/* The compiled kernel of Cox regression: what its parts tell each other.

   Formulas and names are those of docs/methods.md, "The kernel". Every sum is added in one fixed order, whoever
   computes it, so one machine gives one result to the last bit. No part keeps anything between two calls, knows
   Python (module.c alone does) or reads outside the arrays it is given: a slot that does not exist is an error. */

#ifndef ONCOHORT_KERNEL_H
#define ONCOHORT_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define ETA_LIMIT 300.0 /* exp(2 * 300) and its inverse still fit a double */

/* Four doubles, or four integers, side by side: two or one instruction, as the machine has it. */
typedef double V4 __attribute__((vector_size(32), may_alias));
typedef double V4Anywhere __attribute__((vector_size(32), aligned(8), may_alias)); /* in memory of any alignment */
typedef int64_t I4 __attribute__((vector_size(32), may_alias));

/* The loops over rows are compiled twice, for every x86-64 and for those with AVX2 and FMA (since 2013); the machine
   takes the better one. FMA rounds once where others round twice, so two kinds of machine may differ in the last bits. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 \
    && !defined(__SANITIZE_ADDRESS__)
#define EACH_MACHINE __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define EACH_MACHINE
#endif
#define INLINE static inline __attribute__((always_inline))

/* Of a where `first` is true, else of b, each of the four by itself. */
INLINE V4 chosen(I4 first, V4 a, V4 b) { return (V4)((first & (I4)a) | (~first & (I4)b)); }

/* Some of the eight numbers of a and b; gcc and clang say it in their own ways. */
#ifdef __clang__
#define SHUFFLED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLED(a, b, ...) __builtin_shuffle(a, b, (I4){__VA_ARGS__})
#endif

/* Turns four columns of four rows into four rows of four columns, or back. */
INLINE void turn(const V4 from[4], V4 to[4]) {
    const V4 a = SHUFFLED(from[0], from[1], 0, 4, 2, 6), b = SHUFFLED(from[0], from[1], 1, 5, 3, 7);
    const V4 c = SHUFFLED(from[2], from[3], 0, 4, 2, 6), d = SHUFFLED(from[2], from[3], 1, 5, 3, 7);
    to[0] = SHUFFLED(a, c, 0, 1, 4, 5);
    to[1] = SHUFFLED(b, d, 0, 1, 4, 5);
    to[2] = SHUFFLED(a, c, 2, 3, 6, 7);
    to[3] = SHUFFLED(b, d, 2, 3, 6, 7);
}

/* What a call can say. */
typedef enum {
    DONE = 0,
    NO_MEMORY,  /* the working space could not be had */
    BAD_SLOT,   /* a row names a slot that does not exist */
    BEYOND,     /* doubles cannot hold the risk sums */
    UNSETTLED   /* a safeguard would have to act: Newton's method of newton.py takes over */
} Said;

/* Some rows of a Cox problem; see Shard in shards.py. */
typedef struct {
    ptrdiff_t n, p;
    const int64_t *slot;  /* of the row's last event time, odd for an event */
    const int64_t *start; /* slot of the last event time at or before entry; NULL: at risk from the beginning */
    const double *weight; /* NULL: all 1 */
    const double *x;      /* column k of row i is x[k * stride + i] */
    ptrdiff_t stride;
} Rows;

/* The event times, ordered by stratum, then time. */
typedef struct {
    ptrdiff_t n, strata;
    const int64_t *bounds;     /* (strata + 1): where the cells of each stratum begin, and the end */
    const double *n_tied;      /* events of each cell */
    const double *tied_weight; /* and the sum of their weights */
    int efron;                 /* else Breslow */
} Cells;

/* Sums over the tied events of a cell, of 1/phi and 1/phi^2 times their fractions l/m. */
typedef struct {
    double u0, u1, v0, v1, v2, log_risk;
} TieTerms;

/* The likelihood at one beta: its height, slope (p) and curvature (p * p). */
typedef struct {
    double log_likelihood;
    double *score, *information;
} Point;

/* rows.c */
ptrdiff_t table_width(ptrdiff_t p);
Said risk_sums(const Rows *rows, const double *beta, ptrdiff_t n_slots, double *table, double *theta, double *peak);
Said gram(const Rows *rows, const double *theta, const double *hazard, ptrdiff_t n_slots, double *total);
void exponentials(double *values, ptrdiff_t n);

/* cells.c */
TieTerms tie_terms(double risk, double tied_risk, double n_tied, double tied_weight, int efron);
Said likelihood_point(const Rows *rows, const Cells *cells, const double *observed, const double *beta, Point *point);

/* climb.c */
int factorize(double *matrix, ptrdiff_t p, const double *reference);
void solve(const double *root, ptrdiff_t p, double *vector);
Said climb(const Rows *rows, const Cells *cells, const double *observed, const double *span, const double *reference,
           double *beta, Point *point, double *step, ptrdiff_t *iterations);

/* stepwise.c */
#define MOST_TERMS 62    /* a set of terms is the bits of an int64 that is not negative */
#define MOST_COLUMNS 256 /* of all terms together */
#define MOST_BLOCK 32    /* columns of one term */
#define MOST_SEEN 512    /* models on one path */
typedef enum { CONDITIONAL = 0, LIKELIHOOD_RATIO, WALD } Criterion;
typedef struct {
    ptrdiff_t n, p, n_times, n_terms;
    const double *x;     /* (p, n) */
    const int64_t *key;  /* of each patient, twice the number of the time, plus 1 for an event */
    const int64_t *term; /* (n_terms + 1): where the columns of each term begin, and the end */
    int efron;
} Patients;
typedef struct {
    int backward;
    Criterion criterion;
    double enter, remove;
} Rules;
Said stepwise(const Patients *patients, const Rules *rules, const int64_t *draws, ptrdiff_t n_draws, int64_t *status,
              double *coefficients);

/* columns.c */
int measure_columns(const char *source, ptrdiff_t n, ptrdiff_t p, ptrdiff_t row_step, ptrdiff_t column_step,
                    double *low, double *high, double *sum);
void standardize_columns(const char *source, ptrdiff_t n, ptrdiff_t p, ptrdiff_t row_step, ptrdiff_t column_step,
                         const double *center, const double *scale, double *x, ptrdiff_t stride, double *squares);

/* counts.c */
int count_whole_times(const double *time, const double *event, const int64_t *group, ptrdiff_t n, ptrdiff_t n_times,
                      ptrdiff_t n_groups, int64_t *counts);
int place_whole_times(const double *time, const double *event, ptrdiff_t n, ptrdiff_t n_times, const int64_t *number,
                      const int64_t *even_slot, int64_t *stop, int64_t *slot);

#endif
