using System.Collections.Immutable;
using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// What types a GPU has shown, kept in /var/cache/libvirt-mdev for drivers that hide those which cannot be had now, so that messages and
/// listings can still name them. It is good for words only, never for a decision, and forgotten when the driver's version changes.
/// </summary>
internal static class SeenTypes
{
    private const int Maximum = 1000;

    /// <returns>Empty when nothing is known, or the file is not root's alone.</returns>
    public static ImmutableArray<MdevType> Read(Root root, SysfsName gpu)
    {
        var file = root.Cache / gpu;
        if (FileStatus.OfLink(file, out _) is not { IsRegular: true, WritableByOthers: false } status || (status.Uid != 0 && status.Uid != Libc.geteuid())
            || HostFile.Read(file, out _)?.Split('\n') is not [var first, .. var rows] || first != Header(root, gpu))
            return [];
        return [.. rows.Take(Maximum).Select(Row).OfType<MdevType>()];
    }

    /// <summary>Adds what a host shows now. Who may not write there leaves it as it is.</summary>
    public static void Keep(Root root, Host host)
    {
        foreach (var gpu in host.Parents.Where(p => p.Dialect.HidesTypes).GroupBy(p => p.Gpu))
        {
            var now = gpu.SelectMany(p => p.Types).Where(t => t.Name is not null).ToArray();
            var earlier = Read(root, gpu.Key);
            var all = now.Concat(earlier).DistinctBy(t => t.Id).OrderBy(t => t.Id).Take(Maximum).ToArray();
            if (!all.Select(Line).SequenceEqual(earlier.Select(Line)))
                Write(root, gpu.Key, all);
        }
    }

    /// <summary>Deletes what killed processes have left there.</summary>
    public static void DeleteDebris(Root root)
    {
        foreach (var name in HostFile.List(root.Cache).Select(name => name.ToString()).Where(name => name.StartsWith('.')))
        {
            if (FileStatus.Of(root.Proc / name[(name.LastIndexOf('.') + 1)..], out var error) is null && error.IsAbsent)
                Libc.unlink((root.Cache / name).Text);
        }
    }

    private static void Write(Root root, SysfsName gpu, IEnumerable<MdevType> types)
    {
        Libc.mkdir(root.Cache.Text, 0x1ed);
        DeleteDebris(root);
        var beside = root.Cache / $".{gpu}.{Environment.ProcessId}";
        Libc.unlink(beside.Text);
        var text = string.Concat(types.Select(Line).Prepend(Header(root, gpu)).Select(line => line + '\n'));
        using (var file = Descriptor.Open(beside.Text, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, out _, mode: 0x1a4))
        {
            if (file is null)
                return;
            if (file.Write(Encoding.UTF8.GetBytes(text)).IsNone && Libc.rename(beside.Text, (root.Cache / gpu).Text) == 0)
                return;
        }

        Libc.unlink(beside.Text);
    }

    private static string Header(Root root, SysfsName gpu) =>
        $"driver {OneLine.Of(HostFile.ReadTrimmed(root.PciDevices / gpu / "driver" / "module" / "version") ?? "unknown")}";

    private static string Line(MdevType type) => $"{type.Id} {OneLine.Of(type.Name!)}";

    private static MdevType? Row(string line) =>
        line.Split(' ', 2) is [var id, { Length: > 0 } name] && SysfsName.TryParse(id, out var known) ? new MdevType(known, OneLine.Of(name)) : null;
}
