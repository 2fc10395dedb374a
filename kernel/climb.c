/* Newton's method on the smooth way: a whole small fit in one call.

   The steps and the rules to end are those of newton.py. Where one of its safeguards would have to act (a singular
   information, a step too long or downhill, a coefficient that runs away) this one says UNSETTLED and leaves the
   problem to newton.py, so each safeguard is written once. */

#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PIVOT_TOLERANCE 1.8189894035458565e-12 /* eps^(3/4), R's toler.chol */
#define MOST_STEPS 100
#define LONGEST_MOVE 20.0 /* of the linear predictor, in one step */
#define STILL 1e-10       /* a step this short (linear predictor) is the last */
#define HIDDEN 1e-12      /* a gain of log-likelihood this small, relatively, is hidden by rounding */
#define DRIFT 0.1         /* a step this long where the gain is hidden: the coefficient has no finite value */

/* Puts the Cholesky root of a symmetric matrix in its lower half; 0 if a pivot falls to 1.8e-12 of `reference`. */
int factorize(double *matrix, ptrdiff_t p, const double *reference) {
    for (ptrdiff_t j = 0; j < p; j++) {
        double *row = matrix + j * p;
        for (ptrdiff_t k = 0; k <= j; k++) {
            const double *other = matrix + k * p;
            double left = row[k];
            for (ptrdiff_t i = 0; i < k; i++) left -= row[i] * other[i];
            if (k < j) {
                row[k] = left / other[k];
            } else {
                if (!(left > PIVOT_TOLERANCE * reference[j])) return 0;
                row[k] = sqrt(left);
            }
        }
    }
    return 1;
}

/* Solves root * root' * x = vector, in place. */
void solve(const double *root, ptrdiff_t p, double *vector) {
    for (ptrdiff_t j = 0; j < p; j++) {
        for (ptrdiff_t i = 0; i < j; i++) vector[j] -= root[j * p + i] * vector[i];
        vector[j] /= root[j * p + j];
    }
    for (ptrdiff_t j = p - 1; j >= 0; j--) {
        for (ptrdiff_t i = j + 1; i < p; i++) vector[j] -= root[i * p + j] * vector[i];
        vector[j] /= root[j * p + j];
    }
}

/* Climbs from the point at `beta`, both of which are left where the last point was evaluated; `step` is the last
   step, so the maximum is at beta + step. */
Said climb(const Rows *rows, const Cells *cells, const double *observed, const double *span, const double *reference,
           double *beta, Point *point, double *step, ptrdiff_t *iterations) {
    const ptrdiff_t p = rows->p;
    const size_t vector = (size_t)p * sizeof(double), matrix = vector * (size_t)p;
    double *root = malloc(2 * matrix + 2 * vector), before = INFINITY;
    if (root == NULL) return NO_MEMORY;
    double *there = root + p * p, events = 0.0, weight = 0.0;
    for (ptrdiff_t c = 0; c < cells->n; c++) {
        events += cells->n_tied[c];
        weight += cells->tied_weight[c];
    }
    const double unit = weight / events; /* the mean weight of an event, in which log-likelihoods are counted */
    Point next = {0.0, there + p, there + 2 * p};
    Said said = UNSETTLED;
    for (ptrdiff_t iteration = 0; iteration < MOST_STEPS; iteration++) {
        const double here = point->log_likelihood;
        double gain = 0.0, farthest = 0.0;
        memcpy(root, point->information, matrix);
        if (!factorize(root, p, reference)) break;
        memcpy(step, point->score, vector);
        solve(root, p, step);
        for (ptrdiff_t k = 0; k < p; k++) {
            gain += point->score[k] * step[k];
            farthest = fmax(farthest, fabs(step[k]) * span[k]);
        }
        const int hidden = gain <= HIDDEN * (unit + fabs(here));
        if (isnan(gain) || farthest > LONGEST_MOVE || (hidden && farthest > DRIFT)) break;
        if (farthest <= STILL || (hidden && gain > before / 4.0)) {
            *iterations = iteration;
            said = DONE;
            break;
        }
        for (ptrdiff_t k = 0; k < p; k++) there[k] = beta[k] + step[k];
        Said found = likelihood_point(rows, cells, observed, there, &next);
        if (found == NO_MEMORY || found == BAD_SLOT) said = found;
        if (found != DONE || !(next.log_likelihood >= here - HIDDEN * (unit + fabs(here)))) break;
        memcpy(beta, there, vector);
        memcpy(point->score, next.score, vector);
        memcpy(point->information, next.information, matrix);
        point->log_likelihood = next.log_likelihood;
        before = gain;
    }
    free(root);
    return said;
}
