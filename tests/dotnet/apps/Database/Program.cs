// SPDX-License-Identifier: Apache-2.0
// A package with native assets: SQLite, of which runtimes/RID/native holds a library for each platform.
using Microsoft.Data.Sqlite;

using var connection = new SqliteConnection("Data Source=:memory:");
connection.Open();
using var command = connection.CreateCommand();
command.CommandText = """
    CREATE TABLE plugins(name TEXT, kind TEXT);
    INSERT INTO plugins VALUES ('namespace', 'isolation'), ('cgroup', 'resources'), ('clrhost', 'runtime');
    SELECT group_concat(name, ' ') FROM (SELECT name FROM plugins ORDER BY name);
    """;
Console.WriteLine(command.ExecuteScalar());
