# SPDX-License-Identifier: Apache-2.0
"""What crun's test_mounts.py uses of the Python binding of libmount, which Debian does not
package: a table of mounts that is read from a file, and the options of one mount point."""

import ctypes

_library = ctypes.CDLL("libmount.so.1")
_library.mnt_new_table_from_file.argtypes = [ctypes.c_char_p]
_library.mnt_new_table_from_file.restype = ctypes.c_void_p
_library.mnt_table_find_target.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
_library.mnt_table_find_target.restype = ctypes.c_void_p
for _name in "vfs", "fs":
    _get = getattr(_library, "mnt_fs_get_%s_options" % _name)
    _get.argtypes = [ctypes.c_void_p]
    _get.restype = ctypes.c_char_p

_MNT_ITER_FORWARD = 0


class _Fs:
    def __init__(self, fs):
        self.vfs_options = (_library.mnt_fs_get_vfs_options(fs) or b"").decode()
        self.fs_options = (_library.mnt_fs_get_fs_options(fs) or b"").decode()


class Table:
    def __init__(self, path):
        self._table = _library.mnt_new_table_from_file(path.encode())
        if not self._table:
            raise OSError("libmount cannot read %s" % path)

    def find_target(self, path):
        fs = _library.mnt_table_find_target(self._table, path.encode(), _MNT_ITER_FORWARD)
        if not fs:
            raise KeyError(path)
        return _Fs(fs)
