using System.Runtime.InteropServices;
using NUnit.Framework;

// The system's own libraries, never one that lies beside the program.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]

// Most of the time these tests wait for simulated drivers, so there may be more of them at once than processors.
[assembly: LevelOfParallelism(4)]
