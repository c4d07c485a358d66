#ifndef CHANGEOVER_CSQLITE_SHIM_H
#define CHANGEOVER_CSQLITE_SHIM_H

#include <sqlite3.h>

// Swift cannot call variadic C functions.
static inline int changeover_db_config_flag(sqlite3 *database, int option, int on, int *result) {
  return sqlite3_db_config(database, option, on, result);
}

/// Syncs the write-ahead log (or the rollback journal) through SQLite's own descriptor: opening and closing the
/// database file a second time would drop the POSIX locks of this process.
static inline int changeover_sync_log(sqlite3 *database) {
  sqlite3_file *file = 0;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK) return code;
  if (file == 0 || file->pMethods == 0) return SQLITE_OK;
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

#endif
