' SPDX-License-Identifier: Apache-2.0
Imports System

Module Program
    Function Main(arguments As String()) As Integer
        Console.WriteLine("Visual Basic " & String.Join(" ", Array.ConvertAll(arguments, Function(a) $"[{a}]")))
        Return arguments.Length
    End Function
End Module
