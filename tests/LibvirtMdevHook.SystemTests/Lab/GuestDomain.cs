namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>The XML of a guest that starts in a lab: emulated, 32 MiB, no disk, plus what a test adds.</summary>
internal sealed record GuestDomain(string Name)
{
    public Guid Uuid { get; init; } = Guid.NewGuid();

    /// <summary>The content of the metadata element.</summary>
    public string Metadata { get; init; } = "";

    /// <summary>The content of the devices element.</summary>
    public string Devices { get; init; } = "";

    /// <summary>Elements at the end of the domain, such as a commandline element with its namespace.</summary>
    public string More { get; init; } = "";

    /// <summary>A native hostdev for a mediated device.</summary>
    public static string Hostdev(Guid device) => $"""
        <hostdev mode='subsystem' type='mdev' model='vfio-pci'>
          <source><address uuid='{device}'/></source>
        </hostdev>
        """;

    /// <summary>A native hostdev for a VF.</summary>
    public static string Hostdev(string vf) => $"""
        <hostdev mode='subsystem' type='pci' managed='no'>
          <source><address domain='0x{vf[..4]}' bus='0x{vf[5..7]}' slot='0x{vf[8..10]}' function='0x{vf[11]}'/></source>
        </hostdev>
        """;

    public override string ToString() => $"""
        <domain type='qemu'>
          <name>{Name}</name>
          <uuid>{Uuid}</uuid>
          <metadata>{Metadata}</metadata>
          <memory unit='MiB'>32</memory>
          <os><type arch='x86_64' machine='pc'>hvm</type></os>
          <devices>{Devices}</devices>
          {More}
        </domain>
        """;
}
