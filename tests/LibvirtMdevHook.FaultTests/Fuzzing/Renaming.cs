using System.Net;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>A rewritten document differs from the old one only in the names of devices.</summary>
internal static class Renaming
{
    private static readonly string[] Fresh = ["fffffff0-0000-4000-8000-00000000000a", "fffffff1-0000-4000-8000-00000000000b"];

    public static void Check(byte[] bytes)
    {
        try
        {
            var document = DomainDocument.Load(bytes);
            _ = DeviceRenames.DropMissing(document);
            var device = DeviceId.Mdev(Guid.Parse(Samples.First));
            var renamed = Rename(document, device, Fresh[0]);
            Differs(document.Source.Text, renamed.Split(Fresh[0]), device);
            var again = Rename(DomainDocument.Load(renamed), DeviceId.Mdev(Guid.Parse(Fresh[0])), Fresh[1]);
            if (again != renamed.Replace(Fresh[0], Fresh[1], StringComparison.Ordinal))
                throw new InvalidOperationException($"a second change is in other places than the first: {again}");
        }
        catch (DomainXmlException e)
        {
            Safe.Check(e);
        }
    }

    private static string Rename(DomainDocument document, DeviceId from, string to) =>
        DeviceRenames.Apply(document, new Dictionary<DeviceId, DeviceId> { [from] = DeviceId.Mdev(Guid.Parse(to)) });

    /// <summary>Between the new names stands the old text, and in place of each new name stood the old one, in any spelling.</summary>
    private static void Differs(string old, string[] between, DeviceId device)
    {
        var at = 0;
        for (var part = 0; part < between.Length; part++)
        {
            if (part > 0)
            {
                var length = Enumerable.Range(32, 300).FirstOrDefault(n => at + n <= old.Length && IsName(old.AsSpan(at, n), device));
                at += length > 0 ? length : throw new InvalidOperationException($"at {at} something else than the device was replaced");
            }

            if (!old.AsSpan(at).StartsWith(between[part], StringComparison.Ordinal))
                throw new InvalidOperationException($"from {at} on more is different than the device");
            at += between[part].Length;
        }

        if (at != old.Length)
            throw new InvalidOperationException("the end is missing");
    }

    private static bool IsName(ReadOnlySpan<char> text, DeviceId device) =>
        DeviceId.TryParse(WebUtility.HtmlDecode(text.ToString()), out var found) && found == device;
}
