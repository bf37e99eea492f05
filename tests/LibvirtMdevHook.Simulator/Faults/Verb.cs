namespace LibvirtMdevHook.Simulator.Faults;

/// <summary>What is done to a file.</summary>
internal enum Verb
{
    Open,
    Read,
    Write,
}
