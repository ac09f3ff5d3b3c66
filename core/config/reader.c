/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reader.h"

#include <ini.h>
#include <stdint.h>
#include <string.h>

/* What separates words; inih itself takes all of isspace(3), the rest of which is refused. */
#define BLANKS " \t"

struct reader {
    const char *file;
    const char *text, *end;
    unsigned line; /* the physical one; inih counts what it is handed */
    int has_section, is_skipping;
    const struct reader_handler *handler;
    struct problems *problems;
};

/* The length of the UTF-8 sequence at TEXT, or 0 when it is none (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF). */
static size_t sequence_length(const unsigned char *text, size_t room)
{
    static const struct {
        unsigned char first, last;   /* range of the first byte */
        unsigned char second, limit; /* range of the second */
        size_t length;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t length = forms[i].length;

        if (text[0] < forms[i].first || text[0] > forms[i].last)
            continue;
        if (length > room)
            return 0;
        if (length > 1 && (text[1] < forms[i].second || text[1] > forms[i].limit))
            return 0;
        for (size_t j = 2; j < length; j++)
            if ((text[j] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

/* What is wrong with the bytes of TEXT, or NULL. */
static const char *text_fault(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;

    for (size_t i = 0, n; i < length; i += n) {
        n = sequence_length(bytes + i, length - i);
        if (n == 0)
            return "not valid UTF-8";
        if (bytes[i] == '\0')
            return "a NUL byte";
        if (bytes[i] == '\r')
            return "a carriage return (lines end with a line feed alone)";
        if ((bytes[i] < ' ' && bytes[i] != '\t') || bytes[i] == 0x7f)
            return "a control character";
        /* U+0080 to U+009F are control characters, too. */
        if (bytes[i] == 0xc2 && bytes[i + 1] < 0xa0)
            return "a control character";
        if (n == 3 && memcmp(bytes + i, "\xef\xbb\xbf", 3) == 0)
            return "a byte order mark (save the file as plain UTF-8)";
    }
    return NULL;
}

int reader_is_text(const char *text, size_t length)
{
    return text_fault(text, length) == NULL;
}

/* Where a comment begins behind something else in LINE, or NULL. */
static const char *find_inline_comment(const char *line)
{
    for (const char *p = line + 1; *p != '\0'; p++)
        if ((*p == ';' || *p == '#') && strchr(BLANKS, p[-1]) != NULL)
            return p;
    return NULL;
}

static void check_section(struct reader *reader, char *line)
{
    char *name = line + 1;
    char *end = strchr(name, ']');

    reader->is_skipping = 1;
    reader->has_section = 1;
    if (end == NULL) {
        problems_add_at(reader->problems, reader->file, reader->line, "%s: expected a \"]\"", line);
    } else if (end[1 + strspn(end + 1, BLANKS)] != '\0') {
        problems_add_at(reader->problems, reader->file, reader->line,
                        "%s: expected nothing behind the \"]\"", line);
    } else if (end - name > READER_NAME_LIMIT) {
        problems_add_at(reader->problems, reader->file, reader->line,
                        "%s: the name of the section is longer than %d bytes", line,
                        READER_NAME_LIMIT);
    } else {
        *end = '\0';
        reader->is_skipping = !reader->handler->section(reader->handler->arg, name, reader->line);
        *end = ']';
    }
}

/* What is wrong with a line that is neither blank, nor a comment, nor a section; NULL: nothing. */
static const char *key_fault(const struct reader *reader, const char *line)
{
    const char *equals = strchr(line, '='), *behind;
    size_t name = strcspn(line, BLANKS "=+:");

    if (strchr(BLANKS, line[0]) != NULL)
        return "a blank at the start (a line cannot be continued: \"key += value\" appends)";
    if (!reader->has_section)
        return "a key before the first [section]";
    if (equals == NULL)
        return "expected \"key = value\", \"key += value\" or \"[section]\"";
    if (name == 0)
        return "expected a key before the \"=\"";
    if (name > READER_NAME_LIMIT)
        return "the name of the key is too long";
    behind = line + name + strspn(line + name, BLANKS);
    if (behind + (*behind == '+') != equals)
        return "expected \"=\" or \"+=\" behind the key";
    if (find_inline_comment(line) != NULL)
        return "a comment behind the value (it needs a line of its own)";
    return NULL;
}

/* Whether inih is to see LINE. */
static int check_line(struct reader *reader, char *line)
{
    const char *start = line + strspn(line, BLANKS);
    const char *fault;

    if (*start == '\0' || *start == ';' || *start == '#')
        return 0;
    if (line[0] == '[') {
        check_section(reader, line);
        return !reader->is_skipping;
    }
    fault = key_fault(reader, line);
    if (fault != NULL)
        problems_add_at(reader->problems, reader->file, reader->line, "%s: %s", line, fault);
    return fault == NULL && !reader->is_skipping;
}

/* fgets(3) for inih: the next line that it is to see. */
static char *next_line(char *buffer, int size, void *arg)
{
    struct reader *reader = arg;

    while (reader->text < reader->end) {
        const char *line = reader->text;
        const char *end = memchr(line, '\n', (size_t)(reader->end - line));
        size_t length = (size_t)((end != NULL ? end : reader->end) - line);
        const char *fault = text_fault(line, length);

        reader->text = end != NULL ? end + 1 : reader->end;
        reader->line++;
        if (length > READER_LINE_LIMIT || (int)length + 2 > size) {
            problems_add_at(reader->problems, reader->file, reader->line,
                            "the line is longer than %d bytes (\"key += value\" appends)",
                            READER_LINE_LIMIT);
        } else if (fault != NULL) {
            problems_add_at(reader->problems, reader->file, reader->line, "%s", fault);
        } else {
            memcpy(buffer, line, length);
            buffer[length] = '\0';
            if (check_line(reader, buffer)) {
                memcpy(buffer + length, "\n", 2);
                return buffer;
            }
        }
    }
    return NULL;
}

/* inih's handler: it has trimmed name and value. */
static int handle(void *arg, const char *section, const char *name, const char *value)
{
    struct reader *reader = arg;
    char key[READER_LINE_LIMIT + 1];
    size_t length;
    int is_append;

    /* Without a value: builds of inih that announce sections. */
    if (name == NULL || value == NULL)
        return 1;
    length = strnlen(name, sizeof(key) - 1);
    memcpy(key, name, length);
    is_append = length > 0 && key[length - 1] == '+';
    length -= (size_t)is_append;
    while (length > 0 && strchr(BLANKS, key[length - 1]) != NULL)
        length--;
    key[length] = '\0';
    reader->handler->key(reader->handler->arg, section, key, value, is_append, reader->line);
    return 1;
}

void reader_parse(const char *file, const char *text, size_t length,
                  const struct reader_handler *handler, struct problems *problems)
{
    struct reader reader = {
        .file = file, .text = text, .end = text + length, .handler = handler, .problems = problems};

    if (ini_parse_stream(next_line, &reader, handle, &reader) != 0)
        problems_add_at(problems, file, 0, "inih does not understand the file");
}
