namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>How a parent speaks.</summary>
internal enum Dialect
{
    Rfc2016,
    Mdev,
}
