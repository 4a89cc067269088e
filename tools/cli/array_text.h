/*
 * array_text.h - the texts that are printed for arrays and their items.
 */
#ifndef SHAREABLE__CLI_ARRAY_TEXT_H
#define SHAREABLE__CLI_ARRAY_TEXT_H

#include "array/array.h"
#include "text.h"

/*
 * Returns NumPy's name of the type of the items, such as float64; or, for items that are bytes, the
 * description in the header, without quotes if it is a string, such as >f8. The caller frees it.
 */
char *array_dtype_text(const shareable_array *array);

/*
 * Returns the shape as numbers separated by commas. Without dimensions, it is "()", or "" for JSON.
 * The caller frees it.
 */
char *array_shape_text(const shareable_array *array, bool is_json);

/* Returns "C" or "F", for Fortran: which index of the array varies fastest, the last or the first. */
const char *array_order_name(const shareable_array *array);

/*
 * Replaces the content of `out` by the text of an item, unless the items are bytes. In JSON, a complex
 * number is an array of two.
 */
void array_format_number(cli_text *out, const shareable_array *array, const void *number, cli_style style);

#endif
