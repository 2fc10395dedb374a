/* The two passes over the rows. */

#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 256     /* of a tile: its columns stay in the cache while they are used more than once */
#define TILE_DOUBLES 8192 /* about 64 KB */
#define MOST_AT_ONCE 16   /* columns of a row that are added together */
static const double ZEROS[MOST_ROWS], ONES[MOST_ROWS] = {[0 ... MOST_ROWS - 1] = 1.0};

/* exp(v) for |v| <= 700, within 1 unit in the last place: v = k ln 2 + r, exp(v) = 2^k (1 + r + r^2 q(r)). */
INLINE V4 exponential(V4 v) {
    const V4 shift = {0x1.8p52, 0x1.8p52, 0x1.8p52, 0x1.8p52}; /* adding it rounds to a whole number */
    V4 whole = v * 0x1.71547652b82fep0 + shift;
    V4 k = whole - shift;
    V4 r = (v - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33; /* ln 2 in two parts */
    V4 q = r * (1.0 / 6227020800.0) + 1.0 / 479001600.0;
    q = q * r + 1.0 / 39916800.0;
    q = q * r + 1.0 / 3628800.0;
    q = q * r + 1.0 / 362880.0;
    q = q * r + 1.0 / 40320.0;
    q = q * r + 1.0 / 5040.0;
    q = q * r + 1.0 / 720.0;
    q = q * r + 1.0 / 120.0;
    q = q * r + 1.0 / 24.0;
    q = q * r + 1.0 / 6.0;
    q = q * r + 0.5;
    I4 power = ((I4)whole + 1023) << 52; /* the low bits of `whole` are k */
    return (1.0 + (r + r * r * q)) * (V4)power;
}

EACH_MACHINE void exponentials(double *values, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i += 4) {
        V4 four = {0.0, 0.0, 0.0, 0.0};
        size_t bytes = (size_t)(n - i < 4 ? n - i : 4) * sizeof(double);
        memcpy(&four, values + i, bytes);
        four = exponential(four);
        memcpy(values + i, &four, bytes);
    }
}

/* Doubles of one slot in a table: the sums of theta * x, then of theta, then zeros. */
ptrdiff_t table_width(ptrdiff_t p) { return (p + 4) / 4 * 4; }

static ptrdiff_t rows_of_a_tile(ptrdiff_t width) {
    ptrdiff_t rows = TILE_DOUBLES / width / 4 * 4;
    return rows < 16 ? 16 : rows > MOST_ROWS ? MOST_ROWS : rows;
}

/* Asks for the value about a tile further on, to be in the cache when its turn comes; it need not exist. */
INLINE void ask_ahead(const double *x) {
    __builtin_prefetch((const void *)((uintptr_t)x + MOST_ROWS * sizeof *x), 0, 2);
}

/* theta = weight * exp(x'beta) of the m rows from row a on; returns the largest |x'beta|, inf if one is nan. */
INLINE double relative_risks(const Rows *rows, const double *beta, ptrdiff_t a, ptrdiff_t m, double *theta) {
    const V4 zero = {0.0}, limit = zero + ETA_LIMIT;
    V4 peak = zero, strange = zero;
    for (ptrdiff_t i = 0; i < m + 3; i++) theta[i] = 0.0;
    for (ptrdiff_t k = 0; k < rows->p; k++) {
        const double *x = rows->x + k * rows->stride + a, b = beta[k];
        for (ptrdiff_t i = 0; b != 0.0 && i < m; i++) theta[i] += b * x[i];
    }
    for (ptrdiff_t i = 0; i < m; i += 4) {
        V4 *four = (V4 *)(theta + i), eta = *four, size = chosen(eta < zero, -eta, eta);
        strange += eta - eta; /* nan where eta is not finite */
        peak = chosen(size > peak, size, peak);
        *four = exponential(chosen(eta > limit, limit, chosen(eta < -limit, -limit, eta)));
    }
    for (ptrdiff_t i = 0; rows->weight != NULL && i < m; i++) theta[i] *= rows->weight[a + i];
    double largest = 0.0, unknown = 0.0;
    for (int j = 0; j < 4; j++) {
        largest = peak[j] > largest ? peak[j] : largest;
        unknown += strange[j];
    }
    return unknown == 0.0 ? largest : INFINITY;
}

INLINE int known_slots(const int64_t *slot, ptrdiff_t m, ptrdiff_t n_slots) {
    int strange = 0;
    for (ptrdiff_t i = 0; i < m; i++) strange |= (slot[i] < 0) | (slot[i] >= n_slots);
    return !strange;
}

/* Adds sign * theta * x to so many neighbors (a multiple of 4) in the table of each row's slot, four rows at a time. */
INLINE void scatter_some(double *restrict table, ptrdiff_t width, const int64_t *slot, const double *theta,
                         const double *const x[MOST_AT_ONCE], ptrdiff_t columns, ptrdiff_t m, double sign) {
    ptrdiff_t i = 0;
    for (; i + 4 <= m; i += 4) {
        double *to[4];
        V4 factor[4];
        for (int r = 0; r < 4; r++) {
            to[r] = table + slot[i + r] * width;
            factor[r] = (V4){0.0} + sign * theta[i + r];
        }
        for (ptrdiff_t k = 0; k < columns; k += 4) {
            V4 column[4], row[4];
            for (int j = 0; j < 4; j++) {
                if (i % 8 == 0) ask_ahead(x[k + j] + i);
                column[j] = *(const V4Anywhere *)(x[k + j] + i);
            }
            turn(column, row);
            for (int r = 0; r < 4; r++) *(V4Anywhere *)(to[r] + k) += factor[r] * row[r];
        }
    }
    for (; i < m; i++)
        for (ptrdiff_t k = 0; k < columns; k++) table[slot[i] * width + k] += sign * theta[i] * x[k][i];
}

/* All columns of a row together or, where they are many, four: then their part of the table stays in the cache. */
INLINE Said scatter(double *table, ptrdiff_t width, const int64_t *slot, ptrdiff_t n_slots, const double *theta,
                    const Rows *rows, ptrdiff_t a, ptrdiff_t m, double sign) {
    if (!known_slots(slot, m, n_slots)) return BAD_SLOT;
    const ptrdiff_t columns = width <= MOST_AT_ONCE ? width : 4;
    for (ptrdiff_t k = 0; k < width; k += columns) {
        const double *x[MOST_AT_ONCE];
        for (ptrdiff_t j = 0; j < columns; j++)
            x[j] = k + j < rows->p ? rows->x + (k + j) * rows->stride + a : k + j == rows->p ? ONES : ZEROS;
        if (columns == 4)
            scatter_some(table + k, width, slot, theta, x, 4, m, sign);
        else
            scatter_some(table + k, width, slot, theta, x, columns, m, sign);
    }
    return DONE;
}

/* Pass 1. Adds theta * (x, 1) of every row to its slot of `table` (n_slots, width), and takes it off at its entry. */
EACH_MACHINE Said risk_sums(const Rows *rows, const double *beta, ptrdiff_t n_slots, double *table, double *theta,
                            double *peak) {
    const ptrdiff_t width = table_width(rows->p), tile = rows_of_a_tile(width);
    _Alignas(32) double risk[MOST_ROWS + 4];
    Said said = DONE;
    *peak = 0.0;
    for (ptrdiff_t a = 0; a < rows->n && said == DONE; a += tile) {
        const ptrdiff_t m = rows->n - a < tile ? rows->n - a : tile;
        double largest = relative_risks(rows, beta, a, m, risk);
        *peak = largest > *peak ? largest : *peak;
        memcpy(theta + a, risk, (size_t)m * sizeof(double));
        said = scatter(table, width, rows->slot + a, n_slots, risk, rows, a, m, 1.0);
        if (rows->start != NULL && said == DONE)
            said = scatter(table, width, rows->start + a, n_slots, risk, rows, a, m, -1.0);
    }
    return said;
}

/* Adds z_j'x_k over m rows (a multiple of 4) to total[j][k], for 4 columns j and 3 columns k at a time: the sums of
   such a block stay in registers. Beyond the last column the last one is taken again, and its sums are not kept. */
INLINE void add_products(const double *z, const double *x, ptrdiff_t stride, ptrdiff_t tile, ptrdiff_t m, ptrdiff_t p,
                         double *total) {
    for (ptrdiff_t j = 0; j < p; j += 4) {
        const double *left[4];
        for (int a = 0; a < 4; a++) left[a] = z + (j + a < p ? j + a : p - 1) * tile;
        for (ptrdiff_t k = 0; k < p && k < j + 4; k += 3) {
            const double *right[3];
            for (int b = 0; b < 3; b++) right[b] = x + (k + b < p ? k + b : p - 1) * stride;
            V4 sum[4][3] = {{{0.0}}};
            for (ptrdiff_t i = 0; i < m; i += 4) {
                V4 value[3];
                for (int b = 0; b < 3; b++) value[b] = *(const V4Anywhere *)(right[b] + i);
                for (int b = 0; i % 8 == 0 && j + 4 >= p && b < 3; b++) ask_ahead(right[b] + i);
                for (int a = 0; a < 4; a++) {
                    V4 factor = *(const V4 *)(left[a] + i);
                    for (int b = 0; b < 3; b++) sum[a][b] += factor * value[b];
                }
            }
            for (int a = 0; a < 4 && j + a < p; a++)
                for (int b = 0; b < 3 && k + b < p; b++)
                    total[(j + a) * p + k + b] += (sum[a][b][0] + sum[a][b][1]) + (sum[a][b][2] + sum[a][b][3]);
        }
    }
}

/* Expected events of m rows from row a on: q = theta * (H(time) - H(entry)). */
INLINE Said expected_events(const Rows *rows, const double *restrict theta, const double *restrict hazard,
                            ptrdiff_t n_slots, ptrdiff_t a, ptrdiff_t m, double *restrict q) {
    const int64_t *slot = rows->slot + a;
    if (!known_slots(slot, m, n_slots)) return BAD_SLOT;
    for (ptrdiff_t i = 0; i < m; i++) q[i] = theta[a + i] * hazard[slot[i]];
    if (rows->start == NULL) return DONE;
    slot = rows->start + a;
    if (!known_slots(slot, m, n_slots)) return BAD_SLOT;
    for (ptrdiff_t i = 0; i < m; i++) q[i] -= theta[a + i] * hazard[slot[i]];
    return DONE;
}

/* Pass 2. The (p, p) sum of q x x' over the rows. */
EACH_MACHINE Said gram(const Rows *rows, const double *theta, const double *hazard, ptrdiff_t n_slots, double *total) {
    const ptrdiff_t p = rows->p, tile = rows_of_a_tile(p);
    double *z = aligned_alloc(64, (size_t)((2 * p * tile * 8 + 63) / 64 * 64)); /* q * x, then x of a part of a tile */
    _Alignas(32) double q[MOST_ROWS];
    Said said = z == NULL ? NO_MEMORY : DONE;
    memset(total, 0, (size_t)(p * p) * sizeof(double));
    for (ptrdiff_t a = 0; a < rows->n && said == DONE; a += tile) {
        const ptrdiff_t m = rows->n - a < tile ? rows->n - a : tile;
        const double *x = rows->x + a;
        ptrdiff_t stride = rows->stride;
        said = expected_events(rows, theta, hazard, n_slots, a, m, q);
        if (m < tile) { /* the last rows, filled up with zeros */
            double *rest = z + p * tile;
            memset(z, 0, (size_t)(2 * p * tile) * sizeof(double));
            for (ptrdiff_t k = 0; k < p; k++)
                memcpy(rest + k * tile, x + k * stride, (size_t)m * sizeof(double));
            x = rest;
            stride = tile;
        }
        for (ptrdiff_t k = 0; k < p; k++)
            for (ptrdiff_t i = 0; i < m; i++) z[k * tile + i] = q[i] * x[k * stride + i];
        add_products(z, x, stride, tile, (m + 3) / 4 * 4, p, total);
    }
    for (ptrdiff_t j = 0; j < p; j++)
        for (ptrdiff_t k = j + 1; k < p; k++) total[j * p + k] = total[k * p + j];
    free(z);
    return said;
}
