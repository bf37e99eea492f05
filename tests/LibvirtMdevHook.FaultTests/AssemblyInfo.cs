using System.Runtime.InteropServices;
using NUnit.Framework;

// The system's own libraries, never one that lies beside the program.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]

// Three lanes: each waits for processes and simulated drivers half of its time.
[assembly: LevelOfParallelism(3)]
