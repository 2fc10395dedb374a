/* Whole times: counted by event and group, which is all that Kaplan-Meier and log-rank need of the rows, and looked up
   in tables, which gives the risk sets of Cox regression. */

#include "kernel.h"

#define TILE 256

/* Adds rows to counts[time][event][group], times being whole numbers below n_times, events 0 or 1, groups below
   n_groups. Returns 0 at the first rows that are anything else, for which the general way is made. */
EACH_MACHINE int count_whole_times(const double *time, const double *event, const int64_t *group, ptrdiff_t n,
                                   ptrdiff_t n_times, ptrdiff_t n_groups, int64_t *counts) {
    const double beyond = (double)n_times;
    int64_t place[TILE];
    for (ptrdiff_t a = 0; a < n; a += TILE) {
        const ptrdiff_t m = n - a < TILE ? n - a : TILE;
        int strange = 0;
        for (ptrdiff_t i = 0; i < m; i++) {
            const double t = time[a + i] >= 0.0 && time[a + i] < beyond ? time[a + i] : 0.0;
            const int32_t whole = (int32_t)t;
            strange |= (double)whole != time[a + i];
            strange |= (event[a + i] != 0.0) & (event[a + i] != 1.0);
            place[i] = (int64_t)(2 * whole + (event[a + i] == 1.0)) * n_groups;
        }
        for (ptrdiff_t i = 0; group != NULL && i < m; i++) {
            const int64_t code = group[a + i];
            strange |= (uint64_t)code >= (uint64_t)n_groups;
            place[i] += code;
        }
        if (strange) return 0;
        for (ptrdiff_t i = 0; i < m; i++) counts[place[i]]++;
    }
    return 1;
}

/* Looks up each time: its number among the times that occur, and its slot, from the even slot of its last cell. Times
   are those that were counted; returns 0 if one is not. */
EACH_MACHINE int place_whole_times(const double *time, const double *event, ptrdiff_t n, ptrdiff_t n_times,
                                   const int64_t *number, const int64_t *even_slot, int64_t *stop, int64_t *slot) {
    for (ptrdiff_t i = 0; i < n; i++) {
        if (!(time[i] >= 0.0 && time[i] < (double)n_times)) return 0;
        const int64_t whole = (int64_t)time[i];
        stop[i] = number[whole];
        slot[i] = even_slot[whole] + (event[i] != 0.0);
    }
    return 1;
}
