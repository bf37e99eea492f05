using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>A record as on disk. Whatever the reader accepts can be written again.</summary>
internal static class RecordText
{
    private static readonly string Folder = Directory.CreateTempSubdirectory("mdev-record-").FullName;

    static RecordText() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);

    public static void Check(byte[] bytes)
    {
        var file = Path.Combine(Folder, $"{Environment.CurrentManagedThreadId}");
        File.WriteAllBytes(file, bytes);
        var content = RecordFile.Read(new HostPath(file));
        var kinds = new object?[] { content.Record, content.Newer, content.Untrusted }.Count(kind => kind is not null);
        if (kinds != 1)
            throw new InvalidOperationException($"it is {kinds} of a record, a newer one, and one that is not to be trusted: {content}");
        if (content.Newer is { } newer)
            Safe.Check(newer.Devices);
        if (content.Record is not { } record)
            return;
        Safe.Check(record);
        var written = RecordXml.Write(record).ToString();
        File.WriteAllText(file, written);
        if (RecordFile.Read(new HostPath(file)).Record is not { } again || RecordXml.Write(again).ToString() != written)
            throw new InvalidOperationException("it does not come back as it was written");
    }
}
