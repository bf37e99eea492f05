namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>A host file that is wrong; the message is one sentence with the line.</summary>
internal sealed class HostFileException(string message) : Exception(message);
