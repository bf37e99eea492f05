using System.Runtime.InteropServices;

// The system's own libraries, never one that lies beside the program.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
