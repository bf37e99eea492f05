namespace LibvirtMdevHook.Hosts;

/// <summary>A device that exists although it is declared: made by somebody else, or left over.</summary>
/// <param name="Holder">Who has its node in /dev/vfio open, in words; null when nobody has.</param>
internal sealed record ExistingDevice(HostDevice Device, string? Holder);
