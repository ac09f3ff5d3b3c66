/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/barrerctl.h"

#define COLUMNS 50

/* What the bars span: from the first start to the last time that something became ready. */
static void span(const struct chart *chart, unsigned long long *ret_from, unsigned long long *ret_to)
{
    unsigned long long from = ~0ull, to = 0;

    for (size_t i = 0; i < chart->n_bars; i++) {
        const struct bar *bar = &chart->bars[i];
        unsigned long long end = bar->is_phase ? bar->end : bar->ready;

        if (bar->start > 0 && bar->start < from)
            from = bar->start;
        if (end > to)
            to = end;
    }
    *ret_from = from != ~0ull ? from : 0;
    *ret_to = to > *ret_from ? to : *ret_from + 1;
}

static unsigned long long end_of(const struct bar *bar, unsigned long long to)
{
    unsigned long long end = bar->is_phase ? bar->end : bar->ready;

    if (end == 0 && bar->start > 0)
        end = bar->end > bar->start ? bar->end : to;
    return end > to ? to : end;
}

void chart_print(const struct chart *chart, FILE *out)
{
    unsigned long long from, to;

    span(chart, &from, &to);
    for (size_t i = 0; i < chart->n_bars; i++) {
        const struct bar *bar = &chart->bars[i];
        unsigned long long end = end_of(bar, to), width = to - from;
        char line[COLUMNS + 1];

        if (bar->start == 0 || bar->start > to)
            continue;
        if (end < bar->start)
            end = bar->start;
        memset(line, ' ', COLUMNS);
        line[COLUMNS] = '\0';
        for (unsigned long long c = (bar->start - from) * (COLUMNS - 1) / width;
             c <= (end - from) * (COLUMNS - 1) / width; c++)
            line[c] = bar->is_phase ? '=' : bar->exec > 0 && c * width < (bar->exec - from) * (COLUMNS - 1) ? '.' : '#';
        fprintf(out, "%-20s |%s| %8.1f ms at %.1f ms%s%s\n", bar->name, line,
                (double)(end - bar->start) / 1000, (double)(bar->start - from) / 1000,
                bar->is_phase ? "" : " ", bar->state);
    }
    fprintf(out, "%-20s  = phase of PID 1, . before its program runs, # until it is ready\n", "");
}

static void print_escaped(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            (void)fputs("&lt;", out);
        else if (*text == '&')
            (void)fputs("&amp;", out);
        else
            (void)fputc(*text, out);
    }
}

void chart_print_svg(const struct chart *chart, FILE *out)
{
    const double left = 160, width = 640, row = 20;
    unsigned long long from, to;
    size_t n = 0;

    span(chart, &from, &to);
    for (size_t i = 0; i < chart->n_bars; i++)
        n += chart->bars[i].start > 0 && chart->bars[i].start <= to;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            left + width + 120, row * (double)(n + 1) + 10);
    n = 0;
    for (size_t i = 0; i < chart->n_bars; i++) {
        const struct bar *bar = &chart->bars[i];
        unsigned long long end = end_of(bar, to);
        double y = row * (double)n + 5, scale = width / (double)(to - from), x, w;

        if (bar->start == 0 || bar->start > to)
            continue;
        if (end < bar->start)
            end = bar->start;
        n++;
        x = left + (double)(bar->start - from) * scale;
        w = (double)(end - bar->start) * scale;
        fprintf(out, "<text x=\"4\" y=\"%.0f\">", y + 14);
        print_escaped(bar->name, out);
        fprintf(out, "</text><rect x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"16\" fill=\"%s\"/>", x,
                y, w < 1 ? 1 : w, bar->is_phase                         ? "#8888aa"
                                  : strcmp(bar->state, "failed") == 0 ? "#cc4444"
                                                                      : "#44aa66");
        fprintf(out, "<text x=\"%.1f\" y=\"%.0f\">%.1f ms</text>\n", x + w + 4, y + 14,
                (double)(end - bar->start) / 1000);
    }
    fprintf(out, "<text x=\"%.0f\" y=\"%.0f\">%.1f ms in all</text>\n</svg>\n", left,
            row * (double)n + 19, (double)(to - from) / 1000);
}
