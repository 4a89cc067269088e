# shareable.m4 - the project's own checks of configure.

# SHAREABLE_WARNINGS
# Sets WARN_CFLAGS and WARN_CXXFLAGS to our warnings; the user's CFLAGS do not change. With
# --enable-werror, which CI uses, warnings are errors.
AC_DEFUN([SHAREABLE_WARNINGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make compiler warnings errors])], [],
    [enable_werror=no])
  WARN_CXXFLAGS="-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wpointer-arith -Wvla -Wformat=2 -Wundef"
  warnings_are=shown
  AS_IF([test "$enable_werror" = yes], [WARN_CXXFLAGS="$WARN_CXXFLAGS -Werror"; warnings_are=errors])
  WARN_CFLAGS="$WARN_CXXFLAGS -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings"
  AC_SUBST([WARN_CFLAGS])
  AC_SUBST([WARN_CXXFLAGS])
])

# SHAREABLE_CXX_DIGITS
# Sets have_cxx_digits to yes if the C++ library can print a float with the fewest digits (GCC 11,
# LLVM 14).
AC_DEFUN([SHAREABLE_CXX_DIGITS], [
  AC_LANG_PUSH([C++])
  AC_MSG_CHECKING([for std::to_chars of a double])
  digits_saved=$CXXFLAGS
  CXXFLAGS="$CXXFLAGS -std=c++17"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([#include <charconv>], [char digits[[32]]; std::to_chars(digits, digits + 32, 0.5);])],
    [have_cxx_digits=yes], [have_cxx_digits=no])
  CXXFLAGS=$digits_saved
  AC_MSG_RESULT([$have_cxx_digits])
  AC_LANG_POP
])

# SHAREABLE_HARDEN_COMPILER(flag), SHAREABLE_HARDEN_LINKER(flag)
# Adds the flag if it works.
AC_DEFUN([SHAREABLE_HARDEN_COMPILER], [
  AS_VAR_PUSHDEF([works], [shareable_cv_cflag_$1])
  AC_CACHE_CHECK([whether $CC supports $1], [works], [
    shareable_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $1"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([@%:@include <stdio.h>], [puts("")])], [AS_VAR_SET([works], [yes])], [AS_VAR_SET([works], [no])])
    CFLAGS=$shareable_save_CFLAGS
  ])
  AS_VAR_IF([works], [yes], [HARDENING_CFLAGS="$HARDENING_CFLAGS $1"])
  AS_VAR_POPDEF([works])
])
AC_DEFUN([SHAREABLE_HARDEN_LINKER], [
  AS_VAR_PUSHDEF([works], [shareable_cv_ldflag_$1])
  AC_CACHE_CHECK([whether the linker supports $1], [works], [
    shareable_save_LDFLAGS=$LDFLAGS
    LDFLAGS="$LDFLAGS $1"
    AC_LINK_IFELSE([AC_LANG_PROGRAM], [AS_VAR_SET([works], [yes])], [AS_VAR_SET([works], [no])])
    LDFLAGS=$shareable_save_LDFLAGS
  ])
  AS_VAR_IF([works], [yes], [HARDENING_LDFLAGS="$HARDENING_LDFLAGS $1"])
  AS_VAR_POPDEF([works])
])

# SHAREABLE_HARDENING
# Sets HARDENING_CFLAGS and HARDENING_LDFLAGS to flags that make faults harder to exploit, and
# PIE_CFLAGS and PIE_LDFLAGS to those for programs. The user's flags come after them and take
# precedence. _FORTIFY_SOURCE needs optimization and does not work with a sanitizer.
AC_DEFUN([SHAREABLE_HARDENING], [
  AC_ARG_ENABLE([hardening], [AS_HELP_STRING([--disable-hardening], [build without stack protector, RELRO, PIE and similar])],
    [], [enable_hardening=yes])
  HARDENING_CFLAGS= HARDENING_LDFLAGS= PIE_CFLAGS= PIE_LDFLAGS=
  hardening_is=no
  AS_IF([test "$enable_hardening" = yes], [
    hardening_is=yes
    SHAREABLE_HARDEN_COMPILER([-fstack-protector-strong])
    SHAREABLE_HARDEN_COMPILER([-fstack-clash-protection])
    SHAREABLE_HARDEN_COMPILER([-fcf-protection])
    AC_CACHE_CHECK([for the highest level of _FORTIFY_SOURCE], [shareable_cv_fortify], [
      shareable_cv_fortify=
      shareable_save_CFLAGS=$CFLAGS
      for level in 3 2; do
        CFLAGS="$shareable_save_CFLAGS -Werror -DLEVEL=$level"
        AS_IF([test -z "$shareable_cv_fortify"], [AC_COMPILE_IFELSE([AC_LANG_SOURCE([
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if !defined __OPTIMIZE__ || defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || \
  __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#error _FORTIFY_SOURCE would not work
#endif
#ifdef _FORTIFY_SOURCE
#error _FORTIFY_SOURCE is set already
#endif
#define _FORTIFY_SOURCE LEVEL
#include <string.h>
        ])], [shareable_cv_fortify=$level])])
      done
      CFLAGS=$shareable_save_CFLAGS
      test -n "$shareable_cv_fortify" || shareable_cv_fortify="as it is"
    ])
    AS_IF([test "$shareable_cv_fortify" != "as it is"],
      [HARDENING_CFLAGS="$HARDENING_CFLAGS -D_FORTIFY_SOURCE=$shareable_cv_fortify"])
    SHAREABLE_HARDEN_LINKER([-Wl,-z,relro])
    SHAREABLE_HARDEN_LINKER([-Wl,-z,now])
    dnl With immediate binding, PLT stubs are not needed. They take 1 ns of the 22 ns of a Python read.
    SHAREABLE_HARDEN_COMPILER([-fno-plt])
    SHAREABLE_HARDEN_LINKER([-Wl,-z,noexecstack])
    AC_CACHE_CHECK([whether $CC makes position-independent programs], [shareable_cv_pie], [
      shareable_save_CFLAGS=$CFLAGS shareable_save_LDFLAGS=$LDFLAGS
      CFLAGS="$CFLAGS -fPIE" LDFLAGS="$LDFLAGS -pie"
      AC_LINK_IFELSE([AC_LANG_PROGRAM], [shareable_cv_pie=yes], [shareable_cv_pie=no])
      CFLAGS=$shareable_save_CFLAGS LDFLAGS=$shareable_save_LDFLAGS
    ])
    AS_IF([test "$shareable_cv_pie" = yes], [PIE_CFLAGS=-fPIE PIE_LDFLAGS=-pie])
  ])
  AC_SUBST([HARDENING_CFLAGS])
  AC_SUBST([HARDENING_LDFLAGS])
  AC_SUBST([PIE_CFLAGS])
  AC_SUBST([PIE_LDFLAGS])
])

# SHAREABLE_WITH(name, Name)
# Adds the option --with-name and sets with_name. With yes, it is an error if the binding cannot be
# built; with auto, the binding is built if possible.
AC_DEFUN([SHAREABLE_WITH], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1@<:@=yes|no|auto@:>@], [build the $2 binding @<:@auto@:>@])], [],
    [with_$1=auto])
])

# SHAREABLE_MISSING(name, reason)
# Ends the checks for a language: an error with --with-name=yes, otherwise a line in the summary.
AC_DEFUN([SHAREABLE_MISSING], [
  AS_IF([test "$with_$1" = yes], [AC_MSG_ERROR([--with-$1: $2])])
  AS_IF([test "$with_$1" = auto], [with_$1=no; $1_summary="no: $2"])
])

# SHAREABLE_MAN
# Checks for scdoc, which generates the manual pages. A tarball contains them.
AC_DEFUN([SHAREABLE_MAN], [
  AC_REQUIRE([AM_MISSING_HAS_RUN])
  AC_ARG_VAR([SCDOC], [the scdoc command, which generates the manual pages])
  AC_CHECK_PROGS([SCDOC], [scdoc])
  with_man=yes
  AS_IF([test -n "$SCDOC"], [man_summary=$SCDOC],
    [test -f "$srcdir/core/man/shareable-manager.1"], [man_summary="from the tarball"],
    [with_man=no; man_summary="no: scdoc is missing"])
  test -n "$SCDOC" || SCDOC="$MISSING scdoc"
  AM_CONDITIONAL([WITH_MAN], [test "$with_man" = yes])
])

# SHAREABLE_PYTHON
# Uses Debian's interpreter unless PYTHON names another: the first interpreter in PATH may be a
# private build.
AC_DEFUN([SHAREABLE_PYTHON], [
  SHAREABLE_WITH([python], [Python])
  AC_ARG_VAR([PYTHON], [the Python interpreter, 3.9 or later @<:@/usr/bin/python3@:>@])
  python_summary=no
  AS_IF([test -z "$PYTHON" && test -x /usr/bin/python3], [PYTHON=/usr/bin/python3])
  AC_PATH_PROGS([PYTHON], [python3])
  # A tarball contains the files that SWIG generates.
  AS_IF([test "$with_python" != no && test -z "$SWIG" && test ! -f "$srcdir/bindings/python/generated/raw_wrap.c"],
    [SHAREABLE_MISSING([python], [SWIG is missing])])
  AS_IF([test "$with_python" != no && { test -z "$PYTHON" || ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 9))'; }],
    [SHAREABLE_MISSING([python], [no Python 3.9 or later])])
  AS_IF([test "$with_python" != no], [
    python_include=`"$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))'`
    AS_IF([test ! -f "$python_include/Python.h"], [SHAREABLE_MISSING([python], [no Python.h: install python3-dev])])
  ])
  AS_IF([test "$with_python" != no], [
    with_python=yes
    dnl A system header causes no warnings: CPython 3.15 has one that -Wundef reports.
    PYTHON_CPPFLAGS="-isystem $python_include"
    # The folder under our prefix in which this interpreter searches for modules. If there is none,
    # the usual folder. With the prefix /usr, folders in /usr/local do not count.
    python_prefix="$prefix"
    test "$python_prefix" != NONE || python_prefix=$ac_default_prefix
    pydir=`"$PYTHON" -c '
import sys, sysconfig
prefix = sys.argv[[1]].rstrip("/")
seen = [[p for p in sys.path if p.startswith(prefix + "/") and p.endswith("-packages")]]
seen = [[p for p in seen if not p.startswith(prefix + "/local/")]]
path = seen[[0]] if seen else sysconfig.get_path("platlib", "posix_prefix", {"base": prefix, "platbase": prefix})
print(path[[len(prefix):]])' "$python_prefix"`
    AC_SUBST([pyexecdir], ['${prefix}'"$pydir"])
    python_summary="$PYTHON (`"$PYTHON" -c 'import platform; print(platform.python_version())'`)"
  ])
  AC_SUBST([PYTHON_CPPFLAGS])
  AM_CONDITIONAL([WITH_PYTHON], [test "$with_python" = yes])
])

# SHAREABLE_LUA
# Checks for a Lua interpreter and the headers of its version.
AC_DEFUN([SHAREABLE_LUA], [
  SHAREABLE_WITH([lua], [Lua])
  AC_ARG_VAR([LUA], [the Lua interpreter, 5.1 to 5.5 or LuaJIT @<:@lua5.4@:>@])
  lua_summary=no
  AC_PATH_PROGS([LUA], [$LUA lua5.4 lua])
  AS_IF([test "$with_lua" != no && test -z "$SWIG" && test ! -f "$srcdir/bindings/lua/generated/wrap.c"],
    [SHAREABLE_MISSING([lua], [SWIG is missing])])
  AS_IF([test "$with_lua" != no && test -z "$LUA"], [SHAREABLE_MISSING([lua], [no Lua])])
  AS_IF([test "$with_lua" != no], [
    lua_version=`"$LUA" -e 'print((_VERSION:gsub("Lua ", "")))'`
    lua_package=`"$LUA" -e 'print(jit and "luajit" or "lua" .. _VERSION:match("5%.@<:@12345@:>@"))'`
    PKG_CHECK_MODULES([LUA], [$lua_package], [], [
      SHAREABLE_MISSING([lua], [no headers: install lib$lua_package-dev or another package with $lua_package.pc])])
  ])
  AS_IF([test "$with_lua" != no], [
    with_lua=yes
    AC_SUBST([luadir], ['${datadir}/lua/'"$lua_version"])
    AC_SUBST([luaexecdir], ['${libdir}/lua/'"$lua_version"])
    lua_summary="$LUA (`"$LUA" -v 2>&1 | $SED 's/^\(Lua@<:@A-Z@:>@*\) \(@<:@0-9.@:>@*\).*/\1 \2/'`)"
  ])
  AM_CONDITIONAL([WITH_LUA], [test "$with_lua" = yes])
])

# SHAREABLE_GO
# Checks for the go command.
AC_DEFUN([SHAREABLE_GO], [
  SHAREABLE_WITH([go], [Go])
  AC_ARG_VAR([GO], [the go command, 1.19 or later])
  go_summary=no
  AC_PATH_PROGS([GO], [go])
  AS_IF([test "$with_go" != no && test -z "$SWIG" && test ! -f "$srcdir/bindings/go/generated/raw_wrap.c"],
    [SHAREABLE_MISSING([go], [SWIG is missing])])
  AS_IF([test "$with_go" != no && test -z "$GO"], [SHAREABLE_MISSING([go], [no go command: install golang-go])])
  AS_IF([test "$with_go" != no], [
    go_version=`"$GO" env GOVERSION | $SED 's/^go//'`
    AS_VERSION_COMPARE([$go_version], [1.19], [SHAREABLE_MISSING([go], [Go $go_version is older than 1.19])])
  ])
  AS_IF([test "$with_go" != no], [
    with_go=yes
    AC_SUBST([gocodedir], ['${datadir}/gocode/src/shareable'])
    go_summary="$GO ($go_version)"
  ])
  AM_CONDITIONAL([WITH_GO], [test "$with_go" = yes])
])
