using System.Runtime.InteropServices;
using System.Text;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.SystemTests.Binaries;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.FaultTests.Hostile;

/// <summary>
/// A host of plain files: one GPU with one mainline type, and a device that records name. A write to an attribute stays in its file, so
/// that any write shows.
/// </summary>
internal sealed partial class PlainHost : IDisposable
{
    public const string Device = "6a2f1c3e-0000-4000-8000-000000000001";
    public const string Domain = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
    public const string Gpu = "sys/devices/pci0000:80/0000:86:00.0";
    public const string State = "run/libvirt-mdev";

    private readonly TemporaryFolder _folder = new();

    public PlainHost()
    {
        foreach (var made in new[] { "run", "etc/libvirt", "var/log/libvirt", "var/cache", "dev/vfio", "sys/bus/mdev/devices",
            "sys/bus/pci/devices",
            "sys/class/mdev_bus", $"{Gpu}/{Device}", $"{Gpu}/mdev_supported_types/nvidia-18" })
            Directory.CreateDirectory(In(made));
        File.CreateSymbolicLink(In("proc"), "/proc");
        foreach (var (file, text) in new[] { ("vendor", "0x10de\n"), ("numa_node", "-1\n"), ($"{Device}/remove", "") })
            File.WriteAllText(In($"{Gpu}/{file}"), text);
        foreach (var (file, text) in new[] { ("name", "GRID M60-4Q\n"), ("available_instances", "2\n"), ("device_api", "vfio-pci\n"),
            ("create", "") })
            File.WriteAllText(In($"{Gpu}/mdev_supported_types/nvidia-18/{file}"), text);
        File.CreateSymbolicLink(In("sys/class/mdev_bus/0000:86:00.0"), "../../devices/pci0000:80/0000:86:00.0");
        File.CreateSymbolicLink(In("sys/bus/pci/devices/0000:86:00.0"), "../../../devices/pci0000:80/0000:86:00.0");
        File.CreateSymbolicLink(In($"sys/bus/mdev/devices/{Device}"), $"../../../devices/pci0000:80/0000:86:00.0/{Device}");
        File.CreateSymbolicLink(In($"{Gpu}/{Device}/iommu_group"), "../../../../kernel/iommu_groups/12");
        File.WriteAllText(In("dev/vfio/12"), "");
        File.CreateSymbolicLink(In($"{Gpu}/{Device}/mdev_type"), "../mdev_supported_types/nvidia-18");
    }

    public static string Boot { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    public string Root => _folder.Path;

    public string Record => In($"{State}/domains/{Domain}.xml");

    /// <summary>Empty when another kind of file is in the log's place, which this test would wait for.</summary>
    public string Log => FileStatus.OfLink(new HostPath(LogFile)) is { IsRegular: true } ? File.ReadAllText(LogFile) : "";

    private string LogFile => In("var/log/libvirt/mdev-hook.log");

    public string In(string path) => Path.Combine(_folder.Path, path);

    public void MakeState() => Directory.CreateDirectory(In($"{State}/domains"));

    /// <summary>A record that makes the device the domain's, so that release removes it.</summary>
    public string RecordText(string boot = "", string domain = Domain, string version = "1")
    {
        var inode = Shell.Run("stat", "-L", "-c", "%i", In($"sys/bus/mdev/devices/{Device}")).Output.Trim();
        return $"""
            <record version="{version}" boot="{(boot.Length > 0 ? boot : Boot)}" generation="1" phase="prepared">
              <domain><name>win10</name><uuid>{domain}</uuid></domain>
              <device stage="online" dialect="mdev" handover="hostdev" inode="{inode}">
                <name>{Device}</name><parent>0000:86:00.0</parent><type id="nvidia-18" name="GRID M60-4Q"/>
              </device>
            </record>
            """;
    }

    /// <summary>A domain that declares the device, or another.</summary>
    public static string Xml(string device = Device, string attrs = "", string parent = "") => $"""
        <domain type='kvm'><name>win10</name><uuid>{Domain}</uuid>
          <metadata><mdev:hostdevs xmlns:mdev='urn:libvirt-mdev-hook:1'>
            <mdev:hostdev uuid='{device}' type='GRID M60-4Q' {parent}>{attrs}</mdev:hostdev></mdev:hostdevs></metadata>
          <devices><hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='{device}'/></source></hostdev></devices>
        </domain>
        """;

    public HookRun Call(string operation, string xml, string name = "win10") =>
        new HookProcess(SourceTree.Hook, Root, Encoding.UTF8.GetBytes(xml), name, operation, "begin", "-").End();

    public Outcome VirtMdev(params IEnumerable<string> arguments) =>
        Command.Run("env", [$"LIBVIRT_MDEV_ROOT={Root}", SourceTree.VirtMdev, .. arguments]);

    public static void MakeFifo(string path) => Shell.Run("mkfifo", path);

    /// <summary>Everything below sys as text: links, and what is in files.</summary>
    public string Sys() => string.Join('\n', Directory.EnumerateFileSystemEntries(In("sys"), "*", SearchOption.AllDirectories)
        .Select(path => new FileInfo(path)).Select(file => $"{file.FullName} {file.LinkTarget}"
            + (file.LinkTarget is null && file.Attributes.HasFlag(FileAttributes.Directory) is false
                ? File.ReadAllText(file.FullName) : ""))
        .Order(StringComparer.Ordinal));

    public void Dispose()
    {
        foreach (var worker in Workers())
            _ = kill(worker, 9);
        _folder.Dispose();
    }

    public void WaitForWorkers() => Wait.Until(() => !Workers().Any(), () => Log);

    public IEnumerable<int> Workers()
    {
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), out var id) && IsOurs(process))
                yield return id;
        }
    }

    private bool IsOurs(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline").EndsWith("virt-mdev\0worker\0", StringComparison.Ordinal)
                && File.ReadAllText($"{process}/environ").Contains($"LIBVIRT_MDEV_ROOT={Root}\0", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}
