namespace LibvirtMdevHook.Simulator.Faults;

/// <summary>An action on a file.</summary>
internal enum Verb
{
    Open,
    Read,
    Write,
}
