package raw

// #include "manager.h"
import "C"

import "unsafe"

// StartManager starts a manager and returns its handle. The address ends in NUL, or is nil.
func StartManager(address *byte, authkey []byte, cerr *Error) (manager uintptr, status int) {
	result := C.raw_manager_start((*C.char)(unsafe.Pointer(address)), unsafe.Pointer(first(authkey)), C.size_t(len(authkey)),
		unsafe.Pointer(cerr))
	return uintptr(result.manager), int(result.status)
}

// ConnectManager connects to a running manager and returns its handle.
func ConnectManager(address *byte, authkey []byte, cerr *Error) (manager uintptr, status int) {
	result := C.raw_manager_connect((*C.char)(unsafe.Pointer(address)), unsafe.Pointer(first(authkey)), C.size_t(len(authkey)),
		unsafe.Pointer(cerr))
	return uintptr(result.manager), int(result.status)
}

// ManagerAddress returns the address at which a manager listens.
func ManagerAddress(manager uintptr) string {
	return C.GoString(C.raw_manager_address(C.uintptr_t(manager)))
}

// ManagerAuthkey returns a copy of a manager's key.
func ManagerAuthkey(manager uintptr) []byte {
	size := C.size_t(0)
	key := C.raw_manager_authkey(C.uintptr_t(manager), &size)
	return C.GoBytes(key, C.int(size))
}

// ManagerTrack makes a manager the owner of a block. The name ends in NUL.
func ManagerTrack(manager uintptr, name *byte, cerr *Error) int {
	return int(C.raw_manager_track(C.uintptr_t(manager), (*C.char)(unsafe.Pointer(name)), unsafe.Pointer(cerr)))
}

// ManagerShutdown shuts a manager down.
func ManagerShutdown(manager uintptr, cerr *Error) int {
	return int(C.raw_manager_shutdown(C.uintptr_t(manager), unsafe.Pointer(cerr)))
}

// ManagerUnref releases a handle.
func ManagerUnref(manager uintptr) {
	C.raw_manager_unref(C.uintptr_t(manager))
}
