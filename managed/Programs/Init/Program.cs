// SPDX-License-Identifier: Apache-2.0
return Barrer.Init.InitService.Run();
