#ifndef CHANGEOVER_CSQLITE_SHIM_H
#define CHANGEOVER_CSQLITE_SHIM_H

#include <sqlite3.h>

// Swift cannot call variadic C functions.
static inline int changeover_db_config_flag(sqlite3 *database, int option, int on, int *result) {
  return sqlite3_db_config(database, option, on, result);
}

// Nor import macros that are computed.
static const int changeover_constraint_notnull = SQLITE_CONSTRAINT_NOTNULL;
static const int changeover_constraint_unique = SQLITE_CONSTRAINT_UNIQUE;
static const int changeover_constraint_primarykey = SQLITE_CONSTRAINT_PRIMARYKEY;
static const int changeover_constraint_rowid = SQLITE_CONSTRAINT_ROWID;

/// Syncs what commits were last written to, through SQLite's own descriptors: opening and closing the database file a
/// second time would drop the POSIX locks of this process. `*is_log` tells whether that was the write-ahead log.
static inline int changeover_sync(sqlite3 *database, int *is_log) {
  sqlite3_file *file = 0;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK) return code;
  *is_log = file != 0 && file->pMethods != 0;
  if (!*is_log) code = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK || file == 0 || file->pMethods == 0) return code;
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

#endif
