/* The sums over event times: from the table of pass 1 to log-likelihood, score and what information needs of them. */

#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOST 1e-13  /* a risk sum this small beside the largest is rounding error */
#define SMALL 1e-60 /* a product this small is put into the logarithm, while four of them still fit a double */

INLINE double total(V4 v) { return (v[0] + v[1]) + (v[2] + v[3]); }

/* The m tied events of a cell, with phi_l = S0 - l/m D0 (Breslow: S0): the sums that docs/methods.md names u and v,
   and sum log phi_l. Four terms at a time; phi_l/S0 is in (0, 1], and logarithms of products are taken of many. */
EACH_MACHINE TieTerms tie_terms(double risk, double tied_risk, double n_tied, double tied_weight, int efron) {
    if (!efron || n_tied == 1.0) {
        double u0 = tied_weight / risk;
        return (TieTerms){u0, 0.0, u0 / risk, 0.0, 0.0, n_tied * log(risk)};
    }
    const double mean = tied_weight / n_tied, share = tied_risk / risk, part_of = 1.0 / n_tied;
    V4 u0 = {0.0}, u1 = {0.0}, v0 = {0.0}, v1 = {0.0}, v2 = {0.0}, product = {1.0, 1.0, 1.0, 1.0};
    double logarithms = 0.0;
    for (double l = 0.0; l < n_tied; l += 4.0) {
        V4 index = {l, l + 1.0, l + 2.0, l + 3.0}, one = {1.0, 1.0, 1.0, 1.0};
        for (int j = 1; j < 4; j++)
            if (index[j] >= n_tied) index[j] = one[j] = 0.0; /* beyond the last event: adds nothing */
        V4 fraction = index * part_of, left = 1.0 - fraction * share, inverse = one / left, part = fraction * inverse;
        u0 += inverse;
        u1 += part;
        v0 += inverse * inverse;
        v1 += part * inverse;
        v2 += part * part;
        product *= left;
        if (product[0] < SMALL || product[1] < SMALL || product[2] < SMALL || product[3] < SMALL) {
            logarithms += log((product[0] * product[1]) * (product[2] * product[3]));
            product = (V4){1.0, 1.0, 1.0, 1.0};
        }
    }
    logarithms += log((product[0] * product[1]) * (product[2] * product[3]));
    const double once = mean / risk, twice = once / risk;
    return (TieTerms){once * total(u0),  once * total(u1),  twice * total(v0),
                      twice * total(v1), twice * total(v2), n_tied * log(risk) + logarithms};
}

/* Walks the cells of every stratum from the last time backwards, S = (S1, S0) the sums over those at risk and
   D = (D1, D0) those over the tied events. Takes its parts off log-likelihood and score, adds the lower half of
   v0 SS' - v1 (SD' + DS') + v2 DD' to `curvature` (p, width), and fills the cumulative hazard by slot. Returns the
   smallest of the S0 and, in `highest`, the largest. `room` has three rows of the table. */
EACH_MACHINE static double walk_cells(const Cells *cells, const double *table, ptrdiff_t p, double *room,
                                      double *hazard, Point *point, double *curvature, double *highest) {
    const ptrdiff_t width = table_width(p);
    double *risk = room, *a = room + width, *b = room + 2 * width;
    double lowest = INFINITY;
    *highest = 0.0;
    for (ptrdiff_t s = 0; s < cells->strata; s++) {
        memset(risk, 0, (size_t)width * sizeof(double));
        for (ptrdiff_t c = cells->bounds[s + 1] - 1; c >= cells->bounds[s]; c--) {
            const double *rest = table + 2 * c * width, *tied = rest + width, m = cells->n_tied[c];
            for (ptrdiff_t k = 0; k < width; k++) risk[k] += rest[k] + tied[k];
            lowest = risk[p] < lowest ? risk[p] : lowest;
            *highest = risk[p] > *highest ? risk[p] : *highest;
            const TieTerms t = tie_terms(risk[p], tied[p], m, cells->tied_weight[c], cells->efron);
            point->log_likelihood -= cells->tied_weight[c] / m * t.log_risk;
            for (ptrdiff_t k = 0; k < p; k++) point->score[k] -= t.u0 * risk[k] - t.u1 * tied[k];
            for (ptrdiff_t k = 0; k < width; k++) {
                a[k] = t.v0 * risk[k] - t.v1 * tied[k];
                b[k] = t.v2 * tied[k] - t.v1 * risk[k];
            }
            for (ptrdiff_t j = 0; j < p; j++)
                for (ptrdiff_t k = 0; k <= j; k += 4)
                    *(V4Anywhere *)(curvature + j * width + k) +=
                        risk[j] * *(V4Anywhere *)(a + k) + tied[j] * *(V4Anywhere *)(b + k);
            hazard[2 * c] = t.u0;
            hazard[2 * c + 1] = t.u1;
        }
        double cumulative = 0.0;
        for (ptrdiff_t c = cells->bounds[s]; c < cells->bounds[s + 1]; c++) {
            cumulative += hazard[2 * c];
            hazard[2 * c] = cumulative;
            hazard[2 * c + 1] = cumulative - hazard[2 * c + 1];
        }
    }
    hazard[2 * cells->n] = 0.0;
    return lowest;
}

/* Log-likelihood, score and information at beta, both passes in one call. `observed` holds the sums over the events of
   weight * x, then what their offsets add to the log-likelihood. */
Said likelihood_point(const Rows *rows, const Cells *cells, const double *observed, const double *beta, Point *point) {
    const ptrdiff_t p = rows->p, width = table_width(p), n_slots = 2 * cells->n + 1;
    const size_t sums = (size_t)((n_slots + p + 3) * width), others = (size_t)(rows->n + n_slots + p * p);
    double *table = calloc(sums + others, sizeof(double)), peak, lowest, highest;
    if (table == NULL) return NO_MEMORY;
    double *curvature = table + n_slots * width, *room = curvature + p * width, *total = table + sums;
    double *hazard = total + p * p, *theta = hazard + n_slots;
    Said said = risk_sums(rows, beta, n_slots, table, theta, &peak);
    if (said == DONE && !(peak <= ETA_LIMIT)) said = BEYOND;
    if (said == DONE) {
        point->log_likelihood = observed[p]; /* of offsets */
        for (ptrdiff_t k = 0; k < p; k++) point->log_likelihood += observed[k] * beta[k];
        memcpy(point->score, observed, (size_t)p * sizeof(double));
        lowest = walk_cells(cells, table, p, room, hazard, point, curvature, &highest);
        if (rows->start != NULL && lowest <= LOST * highest) said = BEYOND; /* a difference of sums, all rounding */
    }
    if (said == DONE) said = gram(rows, theta, hazard, n_slots, total);
    for (ptrdiff_t j = 0; j < p && said == DONE; j++)
        for (ptrdiff_t k = 0; k <= j; k++) {
            const double value = total[j * p + k] - curvature[j * width + k];
            point->information[j * p + k] = point->information[k * p + j] = value;
        }
    free(table);
    return said;
}
