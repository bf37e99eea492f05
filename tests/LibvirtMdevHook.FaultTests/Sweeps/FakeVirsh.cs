using LibvirtMdevHook.SystemTests.Binaries;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>
/// A virsh that knows running domains from files, a folder for each: it lists and prints them, changes our part of their metadata, and
/// attaches devices to them.
/// </summary>
internal sealed class FakeVirsh : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FakeVirsh()
    {
        Directory.CreateDirectory(Domains);
        _folder.Program("virsh", $$"""
            #!/bin/sh
            # virsh -q -c URI COMMAND [--domain=]DOMAIN ...
            command=$4 domain={{Domains}}/${5#--domain=}
            for last; do :; done
            [ "$command" = list ] || [ -d "$domain" ] || { echo "error: failed to get domain '${5#--domain=}'" >&2; exit 1; }
            case $command in
              list) ls {{Domains}} ;;
              dumpxml) cat "$domain/head" "$domain/metadata" "$domain/middle" "$domain/devices" "$domain/tail" ;;
              metadata)
                case $last in
                  --remove) : >"$domain/metadata" ;;
                  *) echo "${last#--set=}" | sed "s/<hostdevs/<hostdevs xmlns='urn:libvirt-mdev-hook:1'/" >"$domain/metadata" ;;
                esac ;;
              attach-device) cat >>"$domain/devices" ;;
              *) echo "error: unknown command: '$command'" >&2; exit 1 ;;
            esac

            """);
    }

    /// <summary>What is to come first in PATH.</summary>
    public string Folder => _folder.Path;

    private string Domains => Path.Combine(_folder.Path, "domains");

    /// <summary>From now on the domain runs, with the devices that it declares.</summary>
    public void Run(DeclaringDomain domain)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Domains, $"{domain.Uuid}")).FullName;
        Write("head", $"<domain type='kvm' id='1'><name>{domain.Name}</name><uuid>{domain.Uuid}</uuid><metadata>");
        Write("metadata", domain.Vgpus.IsEmpty ? "" : domain.Declaration);
        Write("middle", "</metadata><devices>");
        Write("devices", string.Concat(domain.Vgpus.Select(v => v.Hostdev)));
        Write("tail", "</devices></domain>");
        void Write(string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);
    }

    public void End(DeclaringDomain domain)
    {
        var folder = Path.Combine(Domains, $"{domain.Uuid}");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>What the domain has: its hostdevs and its declaration.</summary>
    public (string Devices, string Metadata) Has(DeclaringDomain domain)
    {
        var folder = Path.Combine(Domains, $"{domain.Uuid}");
        return (File.ReadAllText(Path.Combine(folder, "devices")), File.ReadAllText(Path.Combine(folder, "metadata")));
    }

    public void Dispose() => _folder.Dispose();
}
