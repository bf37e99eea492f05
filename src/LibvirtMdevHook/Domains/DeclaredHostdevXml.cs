using System.Collections.Immutable;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Reads one &lt;hostdev&gt; of a declaration, and binds it to the device of the guest that it
/// names.
/// </summary>
internal static class DeclaredHostdevXml
{
    /// <summary>
    /// No host has more parents of one type. Each name is compared with all of them.
    /// </summary>
    private const int MaximumParents = 256;

    private const int MaximumTypeLength = 255;

    private static readonly char[] Blanks = [' ', '\t', '\n', '\r'];

    /// <returns>
    /// Null when the element does not name a device. Other problems are only added to the list.
    /// </returns>
    public static DeclaredHostdev? Read(
        XElement element, GuestDevices devices, IReadOnlyCollection<string> alsoAllowed, List<Problem> problems)
    {
        DeclarationXml.Expect(element, ["uuid", "address", "type", "parent", "args"], "attr", problems);
        var device = ReadDevice(element, problems);
        var parents = ReadParents(element, problems);
        var type = ReadType(element, parents, device, problems);
        var args = ReadArgs(element, problems);
        var attrs = AttrXml.ReadAll(element, alsoAllowed, problems);
        if (device is null)
            return null;
        var target = devices.Find(device);
        if (target is null)
            problems.Add(DeclarationXml.At(element, MissingHostdev.Problem(element, device)));
        else if (target.Problem is { } problem)
            problems.Add(new Problem(target.Line, problem.Text));
        return new DeclaredHostdev(
            device, type, parents, attrs, args, target?.AttachedBy ?? AttachedBy.Hostdev, target?.Model, DomainXml.LineOf(element));
    }

    /// <returns>The device that an element names; null when it names none.</returns>
    public static DeviceId? DeviceOf(XElement element) => (element.Attribute("uuid"), element.Attribute("address")) switch
    {
        ({ } uuid, null) when DeviceId.TryParseUuid(uuid.Value, out var parsed) => DeviceId.Mdev(parsed),
        (null, { } address) when PciAddress.TryParse(address.Value, out var vf) => DeviceId.Vf(vf),
        _ => null,
    };

    /// <returns>The name of the attribute by which an element names the device.</returns>
    public static string AttributeFor(DeviceId device) => device.Address is not null ? "address" : "uuid";

    private static DeviceId? ReadDevice(XElement element, List<Problem> problems)
    {
        var uuid = element.Attribute("uuid");
        var address = element.Attribute("address");
        if ((uuid is null) == (address is null))
        {
            var found = uuid is null ? "neither uuid nor address" : "both uuid and address";
            problems.Add(DeclarationXml.At(element,
                $"<hostdev> has {found}; expected either uuid, which names a mediated device, or address, which names a VF"));
            return null;
        }

        if (DeviceOf(element) is { } device)
            return device;
        var attribute = (uuid ?? address)!;
        var expected = uuid is not null ? "a uuid such as '6a2f1c3e-90c1-4d7b-8e5a-0f1e2d3c4b5a'" : PciAddress.Expected;
        problems.Add(DeclarationXml.At(attribute, $"{attribute.Name}='{attribute.Value}' is not {expected}"));
        return null;
    }

    private static ImmutableArray<ParentName> ReadParents(XElement element, List<Problem> problems)
    {
        if (element.Attribute("parent") is not { } attribute)
            return [];
        var names = attribute.Value.Split(Blanks, MaximumParents + 1, StringSplitOptions.RemoveEmptyEntries);
        if (names.Length > MaximumParents)
        {
            problems.Add(DeclarationXml.At(attribute,
                $"parent has more than {MaximumParents} names; expected fewer, or no parent for any that fits"));
            return [];
        }

        if (names.Length == 0)
        {
            problems.Add(DeclarationXml.At(attribute,
                $"parent is empty; expected {ParentName.Expected}, or no parent for any that fits"));
        }

        var parents = ImmutableArray.CreateBuilder<ParentName>();
        foreach (var name in names)
        {
            if (ParentName.TryParse(name, out var parent))
                parents.Add(parent);
            else
                problems.Add(DeclarationXml.At(attribute, $"the parent '{name}' is not {ParentName.Expected}"));
        }

        return parents.ToImmutable();
    }

    private static string? ReadType(XElement element, ImmutableArray<ParentName> parents, DeviceId? device, List<Problem> problems)
    {
        if (element.Attribute("type") is { } attribute)
        {
            var type = attribute.Value;
            if (string.IsNullOrWhiteSpace(type) || type.Length > MaximumTypeLength || type.Any(char.IsControl))
            {
                problems.Add(DeclarationXml.At(attribute, "type is not a name or id of a type: "
                    + $"expected 1 to {MaximumTypeLength} characters, no control characters, not only blanks"));
            }

            return type.Trim();
        }

        if (parents.Length != 1 || device?.Uuid is null)
        {
            var name = device?.ToString() ?? "?";
            problems.Add(DeclarationXml.At(element, $"the type of the device '{name}' is missing; "
                + "expected a type's name or id (only a mediated device with exactly one parent, "
                + "of a vendor without predefined types, needs none)"));
        }

        return null;
    }

    private static string ReadArgs(XElement element, List<Problem> problems)
    {
        if (element.Attribute("args") is not { } attribute)
            return "";
        if (VendorArgs.Problem(attribute.Value) is { } reason)
            problems.Add(DeclarationXml.At(attribute, $"args='{attribute.Value}' {reason}"));
        return attribute.Value;
    }
}
