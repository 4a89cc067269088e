# rock.mk - builds and installs a rock: the module shareable.raw, which contains the library, the two
# programs that the library starts, and the modules in Lua. It needs only GNU make and a C compiler.
#
# luarocks runs `make` and `make install` in the root of the source tree, and sets these variables:
CC = cc
CFLAGS = -O2
LIBFLAG = -shared
LUA_INCDIR =
INCDIRS =
LIBDIRS =
LIBDIR = /usr/local/lib/lua/5.4
LUADIR = /usr/local/share/lua/5.4

# A path as one word of a shell.
quoted = '$(subst ','\'',$(1))'

# The library finds the programs in the directory of raw.so, or of the manager.
installed = $(LIBDIR)/shareable
programs = -DSHAREABLE_REAPER_PROGRAM='"shareable-reaper"' -DSHAREABLE_MANAGER_PROGRAM='"shareable-manager"'

# Another copy of the library may be in the same process, so only luaopen_shareable_raw is exported.
# _FORTIFY_SOURCE needs optimization. CFLAGS are last, and take precedence.
hardening = -fstack-protector-strong -fstack-clash-protection \
	$(if $(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
flags = -std=gnu11 -fPIC -pthread -fvisibility=hidden $(hardening) \
	-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DSHAREABLE_API= -DSWIGEXPORT= $(programs) \
	-Icore/include -Icore/src -Ibindings/lua $(if $(LUA_INCDIR),-I$(call quoted,$(LUA_INCDIR))) \
	$(addprefix -I,$(INCDIRS)) $(CFLAGS)

# A library outside the directories of the system must also be found at run time.
comma = ,
own_dirs = $(filter-out /lib% /usr/lib%,$(LIBDIRS))
link = -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(addprefix -L,$(LIBDIRS)) $(addprefix -Wl$(comma)-rpath$(comma),$(own_dirs))
libraries = -lnettle -lunistring

made = bindings/lua/rock
objects_of = $(patsubst %.c,$(made)/%.o,$(wildcard $(addsuffix /*.c,$(1))))
core_objects = $(call objects_of,core/src/*)
lua_objects = $(call objects_of,bindings/lua bindings/lua/generated)
reaper_objects = $(call objects_of,tools/reaper)
manager_objects = $(call objects_of,tools/manager)

# Objects of an earlier build may be for another Lua. A make without -j uses all processors.
.PHONY: all clean install programs
all: clean
	+$(MAKE) -f $(firstword $(MAKEFILE_LIST)) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(or $(shell nproc),2)) programs

clean:
	rm -rf $(made)

programs: $(made)/raw.so $(made)/shareable-reaper $(made)/shareable-manager

# An interpreter calls the last finalizers after it has unloaded modules: raw.so must stay.
$(made)/raw.so: $(lua_objects) $(made)/core.a
	$(CC) $(LIBFLAG) $(flags) -o $@ $^ -Wl,-z,nodelete $(link) $(libraries) -ldl

$(made)/shareable-reaper: $(reaper_objects) $(made)/core.a
	$(CC) -pie $(flags) -o $@ $^ $(link) $(libraries)

$(made)/shareable-manager: $(manager_objects) $(made)/core.a
	$(CC) -pie $(flags) -o $@ $^ $(link) -luv $(libraries)

$(made)/core.a: $(core_objects)
	$(AR) rcs $@ $^

# We cannot fix the C code that SWIG generates.
$(made)/bindings/lua/generated/%.o: flags += -w -fno-strict-aliasing

$(made)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(flags) -c -o $@ $<

install:
	mkdir -p $(call quoted,$(installed)) $(call quoted,$(LUADIR)/shareable)
	cp $(made)/raw.so $(made)/shareable-reaper $(made)/shareable-manager $(call quoted,$(installed)/)
	cp bindings/lua/shareable/*.lua $(call quoted,$(LUADIR)/shareable/)
