namespace VerifyNUnit;

/// <summary>What a test yields is not what was verified.</summary>
/// <param name="message">Names both files and shows the difference.</param>
public sealed class SnapshotException(string message) : Exception(message);
