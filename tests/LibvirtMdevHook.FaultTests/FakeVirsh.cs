using LibvirtMdevHook.SystemTests.Binaries;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.FaultTests;

/// <summary>
/// A virsh that keeps running domains in files, a folder for each. It lists and prints them, changes our part of their metadata, and
/// attaches and detaches devices.
/// </summary>
internal sealed class FakeVirsh : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FakeVirsh()
    {
        Directory.CreateDirectory(Domains);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "running"));
        var text = Path.Combine(_folder.Path, "virsh.sh");
        File.WriteAllText(text, $$"""
            #!/bin/sh
            # virsh -q -c URI COMMAND [--domain=]DOMAIN ...
            command=$4 domain={{Domains}}/${5#--domain=}
            for last; do :; done
            [ "$command" = list ] || [ -d "$domain" ] || { echo "error: failed to get domain '${5#--domain=}'" >&2; exit 1; }
            case $command in
              list) ls {{_folder.Path}}/running ;;
              dumpxml) cat "$domain/head" "$domain/metadata" "$domain/middle" "$domain/devices" "$domain/tail" ;;
              metadata)
                case $last in
                  --remove) : >"$domain/metadata" ;;
                  *) echo "${last#--set=}" | sed "s/<hostdevs/<hostdevs xmlns='urn:libvirt-mdev-hook:1'/" >"$domain/metadata" ;;
                esac ;;
              attach-device) { cat; echo; } >>"$domain/devices" ;;
              detach-device)
                # Both write the address in the same way.
                address=$(grep -o '<address [^>]*>') && grep -vF "$address" "$domain/devices" >"$domain/rest"
                mv "$domain/rest" "$domain/devices" ;;
              *) echo "error: unknown command: '$command'" >&2; exit 1 ;;
            esac

            """);
        // A child that is forked while this process writes the program inherits the open file, so that executing it could fail with
        // ETXTBSY.
        Shell.Run("install", "-m", "700", text, Path.Combine(_folder.Path, "virsh"));
    }

    /// <summary>The folder to put first in PATH.</summary>
    public string Folder => _folder.Path;

    private string Domains => Path.Combine(_folder.Path, "domains");

    /// <summary>
    /// Makes the domain run, with the devices that it declares. libvirt reports a domain as running from before its prepare on.
    /// </summary>
    public void Run(DeclaringDomain domain) => Run(
        domain.Uuid,
        ("head", $"<domain type='kvm' id='1'><name>{domain.Name}</name><uuid>{domain.Uuid}</uuid><metadata>"),
        ("metadata", domain.Vgpus.IsEmpty ? "" : domain.Declaration),
        ("middle", "</metadata><devices>"),
        ("devices", string.Concat(domain.Vgpus.Select(v => v.Hostdev + '\n'))),
        ("tail", "</devices></domain>"));

    /// <summary>Makes a domain run whose XML does not change any more.</summary>
    public void Run(Guid domain, string xml) => Run(domain, ("head", xml), ("metadata", ""), ("middle", ""), ("devices", ""), ("tail", ""));

    /// <summary>Ends the domain. libvirt reports that when the release has returned.</summary>
    public void End(Guid domain) => File.Delete(MarkOf(domain));

    /// <summary>What the domain has: its hostdevs and its declaration.</summary>
    public (string Devices, string Metadata) Has(DeclaringDomain domain) =>
        (File.ReadAllText(Path.Combine(FolderOf(domain.Uuid), "devices")),
            File.ReadAllText(Path.Combine(FolderOf(domain.Uuid), "metadata")));

    /// <summary>Runs virt-mdev with this virsh.</summary>
    public Outcome VirtMdev(HookedHost host, params IEnumerable<string> arguments) => Command.Run("env", Environment(host, arguments));

    /// <summary>Starts virt-mdev and does not wait for it. Its time counts until no process has its outputs open.</summary>
    public HookProcess BeginVirtMdev(HookedHost host, params IEnumerable<string> arguments) =>
        new("/usr/bin/env", host.Host.Root, [], Environment(host, arguments));

    public void Dispose() => _folder.Dispose();

    private void Run(Guid domain, params IEnumerable<(string Name, string Text)> files)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Path, $"{Guid.NewGuid()}")).FullName;
        foreach (var (name, text) in files)
            File.WriteAllText(Path.Combine(folder, name), text);
        if (Directory.Exists(FolderOf(domain)))
            Directory.Move(FolderOf(domain), Path.Combine(_folder.Path, $"{Guid.NewGuid()}"));
        Directory.Move(folder, FolderOf(domain));
        File.WriteAllText(MarkOf(domain), "");
    }

    /// <summary>The arguments of env(1).</summary>
    private string[] Environment(HookedHost host, IEnumerable<string> arguments) =>
        ["-u", "LIBVIRT_DEFAULT_URI", $"PATH={_folder.Path}:/usr/bin:/bin", $"LIBVIRT_MDEV_ROOT={host.Host.Root}", SourceTree.VirtMdev,
            .. arguments];

    private string MarkOf(Guid domain) => Path.Combine(_folder.Path, "running", $"{domain}");

    private string FolderOf(Guid domain) => Path.Combine(Domains, $"{domain}");
}
