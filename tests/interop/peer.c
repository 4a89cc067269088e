/*
 * peer.c - the peer of the interop tests in C. It executes the commands on its standard input, see
 * peers.py.
 */
#include <complex.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "shareable.h"

#define ITEMS_MAX 64

static char *texts[ITEMS_MAX];

static void check(int ok, const char *message) {
  if (ok)
    return;
  fprintf(stderr, "peer: %s\n", message);
  exit(1);
}

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  char *text;

  check(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
  *length = (size_t)ftell(file);
  rewind(file);
  text = malloc(*length + 1);
  check(text != NULL && fread(text, 1, *length, file) == *length, path);
  fclose(file);
  return text;
}

static char *read_hex(const char *hex, size_t *length) {
  char *text = malloc(strlen(hex) / 2 + 1);
  unsigned byte;

  check(text != NULL, "no memory");
  for (*length = 0; sscanf(hex + 2 * *length, "%2x", &byte) == 1; ++*length)
    text[*length] = (char)byte;
  return text;
}

/* Returns the value of a line. The caller owns its text, *text. */
static shareable_value parse(char *line, char **text) {
  char *rest = strchr(line, ' ');
  shareable_value value = shareable_none();
  size_t length;

  free(*text);
  *text = NULL;
  if (strcmp(line, "none") == 0)
    return value;
  check(rest != NULL, line);
  *rest++ = '\0';
  if (strcmp(line, "int") == 0)
    return shareable_int(strtoll(rest, NULL, 10));
  if (strcmp(line, "bool") == 0)
    return shareable_bool(rest[0] == '1');
  if (strcmp(line, "float") == 0) {
    value = shareable_float(0);
    value.bits = strtoull(rest, NULL, 16);
    return value;
  }
  *text = rest[0] == '@' ? read_file(rest + 1, &length) : read_hex(rest, &length);
  return strcmp(line, "str") == 0 ? shareable_strn(*text, length) : shareable_bytes(*text, length);
}

static void print_text(const char *type, const shareable_value *value, const char *path) {
  if (value->length > 4096) {
    FILE *file = fopen(path, "wb");
    check(file != NULL && fwrite(value->text, 1, (size_t)value->length, file) == value->length, path);
    fclose(file);
    printf("%s @%s\n", type, path);
    return;
  }
  printf("%s ", type);
  for (size_t i = 0; i < value->length; i++)
    printf("%02x", (unsigned char)value->text[i]);
  printf("\n");
}

/* Prints what a read returned. */
static void print_value(int status, const shareable_value *value, const char *path) {
  if (status != SHAREABLE_OK)
    printf("error %s\n", shareable_status_name(status));
  else if (value->type == SHAREABLE_TYPE_NONE)
    printf("none\n");
  else if (value->type == SHAREABLE_TYPE_INT)
    printf("int %" PRId64 "\n", value->integer);
  else if (value->type == SHAREABLE_TYPE_BOOL)
    printf("bool %d\n", value->boolean);
  else if (value->type == SHAREABLE_TYPE_FLOAT)
    printf("float %016" PRIx64 "\n", value->bits);
  else
    print_text(value->type == SHAREABLE_TYPE_STR ? "str" : "bytes", value, path);
}

static void print_item(const shareable_list *list, size_t i, const char *folder) {
  char *buffer, path[340];
  shareable_value value;
  int status;
  size_t size;

  check(shareable_list_capacity(list, (int64_t)i, &size) == 0, "capacity");
  buffer = malloc(size);
  status = shareable_list_get(list, (int64_t)i, &value, buffer, size);
  snprintf(path, sizeof path, "%s/c-%zu", folder, i);
  print_value(status, &value, path);
  free(buffer);
}

static size_t next_line(char **line, size_t *size) {
  ssize_t length = getline(line, size, stdin);

  check(length > 0, "the input ended");
  (*line)[length - 1] = '\0';
  return (size_t)length;
}

static void create(const char *name, size_t count) {
  shareable_value values[ITEMS_MAX];
  char *line = NULL;
  size_t size = 0;
  shareable_error error;
  shareable_list *list;

  check(count <= ITEMS_MAX, "too many items");
  for (size_t i = 0; i < count; i++) {
    next_line(&line, &size);
    values[i] = parse(line, &texts[i]);
  }
  if (shareable_list_create(&list, name, values, count, 0, 0, &error) != SHAREABLE_OK) {
    printf("error %s\n", error.message);
  } else {
    printf("ok\n");
    shareable_list_unref(list);
  }
  free(line);
}

static void read_list(const char *name, const char *folder) {
  char format[8 * ITEMS_MAX];
  shareable_error error;
  shareable_list *list;
  size_t length;

  if (shareable_list_open(&list, name, 0, &error) != SHAREABLE_OK) {
    printf("error %s\n", error.message);
    return;
  }
  check(shareable_list_format(list, format, sizeof format, &length) == SHAREABLE_OK, "format");
  printf("ok %zu %.*s\n", shareable_list_length(list), (int)length, format);
  for (size_t i = 0; i < shareable_list_length(list); i++)
    print_item(list, i, folder);
  shareable_list_unref(list);
}

static void set(const char *name, int64_t index) {
  char *line = NULL;
  size_t size = 0;
  shareable_value value;
  shareable_error error;
  shareable_list *list;
  int status;

  next_line(&line, &size);
  value = parse(line, &texts[0]);
  status = shareable_list_open(&list, name, 0, &error);
  if (status == SHAREABLE_OK) {
    status = shareable_list_set(list, index, &value);
    shareable_list_unref(list);
  }
  printf(status == SHAREABLE_OK ? "ok\n" : "error %s\n", shareable_status_name(status));
  free(line);
}

static void get_key(const char *name) {
  shareable_value key, value;
  char *line = NULL, buffer[4096];
  size_t size = 0;
  shareable_error error;
  shareable_dict *dict;
  int status;

  next_line(&line, &size);
  key = parse(line, &texts[0]);
  status = shareable_dict_open(&dict, name, 0, &error);
  check(status == SHAREABLE_OK, error.message);
  status = shareable_dict_get(dict, &key, &value, buffer, sizeof buffer);
  print_value(status, &value, "");
  shareable_dict_unref(dict);
  free(line);
}

/* NumPy's name of each type of arrays, and the type in C. C has no portable type for f2. */
#define DTYPES(X)                                                                                                      \
  X("b1", BOOL, uint8_t)                                                                                               \
  X("i1", I8, int8_t)                                                                                                  \
  X("i2", I16, int16_t)                                                                                                \
  X("i4", I32, int32_t)                                                                                                \
  X("i8", I64, int64_t)                                                                                                \
  X("u1", U8, uint8_t)                                                                                                 \
  X("u2", U16, uint16_t)                                                                                               \
  X("u4", U32, uint32_t)                                                                                               \
  X("u8", U64, uint64_t)                                                                                               \
  X("f2", F16, uint16_t)                                                                                               \
  X("f4", F32, float)                                                                                                  \
  X("f8", F64, double)                                                                                                 \
  X("c8", C64, float complex)                                                                                          \
  X("c16", C128, double complex)

static const char *dtype_name(shareable_dtype dtype) {
#define NAME(name, constant, type)                                                                                     \
  if (dtype == SHAREABLE_DTYPE_##constant)                                                                             \
    return name;
  DTYPES(NAME)
#undef NAME
  return "bytes";
}

static shareable_dtype dtype_of(const char *name) {
#define CONSTANT(text, constant, type)                                                                                 \
  if (strcmp(name, text) == 0)                                                                                         \
    return SHAREABLE_DTYPE_##constant;
  DTYPES(CONSTANT)
#undef CONSTANT
  return SHAREABLE_DTYPE_BYTES;
}

static void create_array(const char *name, const char *dtype) {
  const uint64_t shape[] = {2, 3};
  shareable_error error;
  shareable_array *array;

  if (shareable_array_create(&array, name, dtype_of(dtype), 2, shape, 0, 0, &error) != SHAREABLE_OK) {
    printf("error %s\n", error.message);
    return;
  }
  shareable_array_unref(array);
  printf("ok\n");
}

/* Returns the item at the index in C order. */
static char *item_at(const shareable_array *array, size_t index) {
  const uint64_t *shape = shareable_array_shape(array);
  const int64_t *strides = shareable_array_strides(array);

  check(shareable_array_ndim(array) == 2 && index < shareable_array_size(array), "index");
  return (char *)shareable_array_data(array) + (int64_t)(index / shape[1]) * strides[0] +
         (int64_t)(index % shape[1]) * strides[1];
}

/* An item, as its bytes and as a value of each type. */
union item {
  unsigned char bytes[sizeof(double complex)];
#define MEMBER(name, constant, type) type as_##constant;
  DTYPES(MEMBER)
#undef MEMBER
};

static void load_item(shareable_dtype dtype, union item *item, const void *from) {
#define LOAD(name, constant, type)                                                                                     \
  if (dtype == SHAREABLE_DTYPE_##constant)                                                                             \
    item->as_##constant = *(const type *)from;
  DTYPES(LOAD)
#undef LOAD
}

static void store_item(shareable_dtype dtype, void *to, const union item *item) {
#define STORE(name, constant, type)                                                                                    \
  if (dtype == SHAREABLE_DTYPE_##constant)                                                                             \
    *(type *)to = item->as_##constant;
  DTYPES(STORE)
#undef STORE
}

static shareable_array *open_array(const char *name) {
  shareable_error error;
  shareable_array *array;

  if (shareable_array_open(&array, name, 0, &error) == SHAREABLE_OK)
    return array;
  printf("error %s\n", error.message);
  return NULL;
}

static void read_array(const char *name) {
  shareable_array *array = open_array(name);
  union item item;

  if (array == NULL)
    return;
  printf("ok %s", dtype_name(shareable_array_dtype(array)));
  for (size_t i = 0; i < shareable_array_ndim(array); i++)
    printf(" %" PRIu64, shareable_array_shape(array)[i]);
  printf("\n");
  for (size_t i = 0; i < shareable_array_size(array); i++) {
    load_item(shareable_array_dtype(array), &item, item_at(array, i));
    for (size_t k = 0; k < shareable_array_item_size(array); k++)
      printf("%02x", item.bytes[k]);
    printf("\n");
  }
  shareable_array_unref(array);
}

static void set_array(const char *name, size_t index, const char *hex) {
  shareable_array *array = open_array(name);
  union item item;
  size_t length;
  char *bytes;

  if (array == NULL)
    return;
  bytes = read_hex(hex, &length);
  check(length == shareable_array_item_size(array) && length <= sizeof item.bytes, "the size of the item");
  memcpy(item.bytes, bytes, length);
  store_item(shareable_array_dtype(array), item_at(array, index), &item);
  free(bytes);
  shareable_array_unref(array);
  printf("ok\n");
}

int main(void) {
  char *line = NULL, name[300], argument[300], hex[40];
  size_t size = 0;

  while (getline(&line, &size, stdin) > 0) {
    check(sscanf(line, "%*s %299s %299s %39s", name, argument, hex) >= 1, line);
    if (strncmp(line, "create ", 7) == 0)
      create(name, strtoull(argument, NULL, 10));
    else if (strncmp(line, "read ", 5) == 0)
      read_list(name, argument);
    else if (strncmp(line, "set ", 4) == 0)
      set(name, strtoll(argument, NULL, 10));
    else if (strncmp(line, "get_key ", 8) == 0)
      get_key(name);
    else if (strncmp(line, "create_array ", 13) == 0)
      create_array(name, argument);
    else if (strncmp(line, "read_array ", 11) == 0)
      read_array(name);
    else if (strncmp(line, "set_array ", 10) == 0)
      set_array(name, strtoull(argument, NULL, 10), hex);
    else if (strncmp(line, "unlink ", 7) == 0)
      printf("%s\n", shareable_unlink(name, NULL) == SHAREABLE_OK ? "ok" : "error unlink");
    fflush(stdout);
  }
  for (size_t i = 0; i < ITEMS_MAX; i++)
    free(texts[i]);
  free(line);
  return 0;
}
