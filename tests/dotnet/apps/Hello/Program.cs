// SPDX-License-Identifier: Apache-2.0
// The smallest app: what is measured.
Console.WriteLine("Hello, World!");
