// SPDX-License-Identifier: Apache-2.0
module Program

[<EntryPoint>]
let main arguments =
    printfn "F# %s" (arguments |> Array.map (sprintf "[%s]") |> String.concat " ")
    arguments.Length
