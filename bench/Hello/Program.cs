// SPDX-License-Identifier: Apache-2.0
// The time of the first statement, in the file that the argument names. The clock is the monotonic one, in nanoseconds.
long first = System.Diagnostics.Stopwatch.GetTimestamp();
System.IO.File.WriteAllText(args[0], first + "\n");
