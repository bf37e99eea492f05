namespace LibvirtMdevHook.Tests;

/// <summary>A GPU with VFs, as lines of a tree, and domains that declare VFs.</summary>
internal static class VfText
{
    /// <summary>What a free VF of an idle A40 lists.</summary>
    public const string Idle = @"ID    : vGPU Name\n557   : NVIDIA A40-1Q\n558   : NVIDIA A40-2Q\n563   : NVIDIA A40-48Q\n";

    /// <summary>What a free VF lists beside an A40-2Q.</summary>
    public const string Beside2Q = @"ID    : vGPU Name\n558   : NVIDIA A40-2Q\n";

    public const string Empty = @"ID    : vGPU Name\n";

    /// <summary>A PF and its VFs, function 4 and up; each has a current type and a list.</summary>
    public static string Gpu(string bus, params (int Type, string List)[] vfs) =>
        $"""
        sys/bus/pci/devices/{bus}:00.0 -> ../../../devices/pci0000:00/{bus}:00.0
        sys/devices/pci0000:00/{bus}:00.0/vendor = 0x10de\n
        sys/devices/pci0000:00/{bus}:00.0/subsystem -> ../../../bus/pci
        sys/devices/pci0000:00/{bus}:00.0/driver -> ../../../bus/pci/drivers/nvidia
        sys/devices/pci0000:00/{bus}:00.0/sriov_totalvfs = 3\n
        sys/devices/pci0000:00/{bus}:00.0/sriov_offset = 4\n
        sys/devices/pci0000:00/{bus}:00.0/sriov_stride = 1\n
        sys/devices/pci0000:00/{bus}:00.0/sriov_numvfs = {vfs.Length}\n

        """ + string.Concat(vfs.Select((vf, i) => Vf(bus, i, vf.Type, vf.List)));

    /// <summary>A domain with VFs, each 'address' or 'address type', and what else it declares.</summary>
    public static string Declaring(string rules, params string[] hostdevs) => DomainText.Around(
        $"""<hostdevs xmlns="urn:libvirt-mdev-hook:1" {rules}>{string.Concat(hostdevs)}</hostdevs>""",
        [.. new[] { DomainText.First, DomainText.Second }.Where(uuid => hostdevs.Any(h => h.Contains(uuid, StringComparison.Ordinal)))])
        .Replace("</devices>", $"{string.Concat(hostdevs.Select(Native))}</devices>", StringComparison.Ordinal);

    public static string Hostdev(string address, string type, string more = "") => $"<hostdev address='{address}' type='{type}' {more}/>";

    private static string Native(string hostdev)
    {
        if (!hostdev.Contains("address='", StringComparison.Ordinal))
            return "";
        var address = hostdev.Split("address='")[1];
        return "<hostdev mode='subsystem' type='pci' managed='no'><source>"
            + $"<address domain='0x{address[..4]}' bus='0x{address[5..7]}' slot='0x{address[8..10]}' function='0x{address[11]}'/>"
            + "</source></hostdev>";
    }

    /// <summary>VFs begin at function 4 of the PF's device, and go on in the next slot.</summary>
    public static string NameOf(string bus, int number) => $"{bus}:{(4 + number) >> 3:x2}.{(4 + number) & 7}";

    private static string Vf(string bus, int number, int type, string list)
    {
        var name = NameOf(bus, number);
        var folder = $"sys/devices/pci0000:00/{name}";
        return $"""
            sys/bus/pci/devices/{name} -> ../../../devices/pci0000:00/{name}
            sys/devices/pci0000:00/{bus}:00.0/virtfn{number} -> ../{name}
            {folder}/physfn -> ../{bus}:00.0
            {folder}/subsystem -> ../../../bus/pci
            {folder}/driver -> ../../../bus/pci/drivers/nvidia
            {folder}/vendor = 0x10de\n
            {folder}/nvidia/current_vgpu_type = {type}\n
            {folder}/nvidia/creatable_vgpu_types = {list}

            """;
    }
}
