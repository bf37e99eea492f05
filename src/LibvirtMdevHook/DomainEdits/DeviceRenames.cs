using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// What the destination of a migration changes in a domain XML: the devices that it names, and
/// nothing else.
/// </summary>
internal static class DeviceRenames
{
    /// <summary>
    /// Gives devices other names, in the declaration and in the guest's own devices.
    /// </summary>
    /// <param name="names">
    /// The new name of each device that gets one, of the same kind as the old name. All names
    /// change at once, so two devices can swap theirs.
    /// </param>
    /// <returns>The new text; the same string where nothing changes.</returns>
    public static string Apply(DomainDocument document, IReadOnlyDictionary<DeviceId, DeviceId> names)
    {
        var edits = new XmlEdits(document.Source);
        foreach (var element in DeclarationXml.Hostdevs(document.Root))
        {
            if (DeclaredHostdevXml.DeviceOf(element) is not { } device)
                continue;
            if (names.GetValueOrDefault(device) is { } name && name != device)
                edits.Replace(element.Attribute(DeclaredHostdevXml.AttributeFor(device))!, name.ToString());
        }

        foreach (var entry in GuestDevices.Read(document.Root).Entries)
        {
            if (names.GetValueOrDefault(entry.Device) is { } name && name != entry.Device)
                Rename(edits, entry, name);
        }

        return edits.ToString();
    }

    /// <summary>
    /// Removes the declared devices that the guest does not have any more. A declaration that would
    /// become empty is removed as a whole.
    /// </summary>
    /// <returns>The new text; the same string where the guest has all declared devices.</returns>
    public static string DropMissing(DomainDocument document)
    {
        var declared = DeclarationXml.Hostdevs(document.Root).Take(DeclarationXml.MaximumHostdevs + 1).ToArray();
        // A declaration of more devices than that is refused anyway.
        if (declared.Length > DeclarationXml.MaximumHostdevs)
            return document.Source.Text;
        var devices = GuestDevices.Read(document.Root);
        var missing = declared.Where(element => IsMissing(element, devices)).ToArray();
        var removed = missing.Length == declared.Length ? missing.Select(element => element.Parent!).Distinct() : missing;
        var edits = new XmlEdits(document.Source);
        foreach (var element in removed)
            edits.Remove(element);
        return edits.ToString();
    }

    private static bool IsMissing(XElement declared, GuestDevices devices) =>
        DeclaredHostdevXml.DeviceOf(declared) is { } device && devices.Find(device) is null;

    private static void Rename(XmlEdits edits, GuestDevices.Entry entry, DeviceId name)
    {
        if (entry.AttachedBy == AttachedBy.Commandline)
        {
            var argument = entry.Place.Attribute("value")!;
            var (index, length) = GuestDevices.NameIn(argument.Value).GetOffsetAndLength(argument.Value.Length);
            edits.Replace(argument, index, length, name.ToString());
        }
        else if (entry.Device.Address is { } from && name.Address is { } to)
        {
            Set(edits, entry.Place, "domain", from.Domain, to.Domain, "x4");
            Set(edits, entry.Place, "bus", from.Bus, to.Bus, "x2");
            Set(edits, entry.Place, "slot", from.Slot, to.Slot, "x2");
            Set(edits, entry.Place, "function", from.Function, to.Function, "x");
        }
        else
        {
            edits.Replace(entry.Place.Attribute("uuid")!, name.ToString());
        }
    }

    /// <summary>
    /// libvirt writes all four attributes; people may leave out a domain or a function of 0.
    /// </summary>
    private static void Set(XmlEdits edits, XElement address, string attribute, uint from, uint to, string format)
    {
        if (from == to)
            return;
        var text = "0x" + to.ToString(format, null);
        if (address.Attribute(attribute) is { } existing)
            edits.Replace(existing, text);
        else
            edits.AddBehind(address.LastAttribute!, attribute, text);
    }
}
