using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.Records;

/// <summary>The three kinds of records, each with a folder of its own.</summary>
/// <param name="Folder">The folder's name in /run/libvirt-mdev.</param>
/// <param name="Canonical">
/// The one spelling of a name; null for what cannot be the name of a record of this kind.
/// </param>
/// <param name="NameOf">
/// The name under which a record lies. A file that holds a record of another name is not trusted.
/// </param>
internal sealed record RecordKind(string Folder, Func<string, string?> Canonical, Func<Record, string> NameOf)
{
    /// <summary>What a domain has.</summary>
    public static readonly RecordKind Domain = new("domains", CanonicalUuid, DomainOf);

    /// <summary>A device that is being removed.</summary>
    public static readonly RecordKind Removal = new("removing", CanonicalDevice, OnlyDeviceOf);

    /// <summary>What is reserved for a domain that may be arriving.</summary>
    public static readonly RecordKind Reservation = new("reserved", CanonicalUuid, DomainOf);

    /// <returns>The domain that a record of this name is about; null for a removal.</returns>
    public Guid? DomainOfName(string name) => this != Removal && Guid.TryParse(name, out var domain) ? domain : null;

    private static string? CanonicalUuid(string name) => Guid.TryParse(name, out var uuid) ? $"{uuid:D}" : null;

    private static string? CanonicalDevice(string name) => DeviceId.TryParse(name, out var device) ? $"{device}" : null;

    private static string DomainOf(Record record) => $"{record.Domain:D}";

    private static string OnlyDeviceOf(Record record) => record.Claims is [var claim] ? $"{claim.Device}" : "";
}
